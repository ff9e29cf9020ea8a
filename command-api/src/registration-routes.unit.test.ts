import { Problem, RegistrationAccepted, RegistrationCreated, subjects } from '@zameni/contracts';
import { createValidator, type EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { as, createApi, key, person, readAll, signal, toEvent, toUserId } from './api.fixture.ts';

const trusted = as('client-1', 'registrations:write');

test('a new person is accepted with id, location and position', async (t) => {
  const { post, log, positions } = createApi(t);
  const response = await post();
  t.is(response.statusCode, 202);
  const body = response.json<RegistrationAccepted>();
  t.is(createValidator(RegistrationAccepted)(body), undefined);
  t.is(response.headers.location, `/v1/registrations/${body.registrationId}`);
  const record = await log.readFirst(subjects.account(body.registrationId), signal);
  t.is(positions.open(String(response.headers['position'])), record?.position);
});

test('claim, key and event lie in the log together and hold no personal data in clear', async (t) => {
  const { post, log } = createApi(t);
  const { registrationId } = (await post()).json<RegistrationAccepted>();
  const records = await readAll(log);
  const [claim, wrapped, event] = records;
  t.is(records.length, 3);
  t.true(claim?.subject.startsWith('zameni.claim.'));
  t.is(wrapped?.subject, subjects.key(registrationId));
  t.is(event?.subject, subjects.account(registrationId));
  t.is(event && String(toEvent(event).metadata.userId), registrationId);
  const bytes = records.map((r) => r.subject + Buffer.from(r.data).toString('utf8')).join();
  for (const text of [person.email, 'vera', 'Marković', 'Niš']) {
    t.false(bytes.toLowerCase().includes(text.toLowerCase()));
  }
});

test('free, contested and taken look the same to the public: status, headers and body', async (t) => {
  const { post, prove, verify, issue, namesOf } = createApi(t);
  const free = await post();
  const contested = await post({ ...person, email: 'ｖera@EXAMPLE.org' });
  const { registrationId } = contested.json<RegistrationAccepted>();
  t.is((await prove(toUserId(registrationId))).statusCode, 202);
  const taken = await post({ ...person, email: ' VERA@example.org' });
  for (const response of [contested, taken]) {
    t.is(response.statusCode, free.statusCode);
    t.deepEqual(Object.keys(response.headers).toSorted(), Object.keys(free.headers).toSorted());
    t.deepEqual(Object.keys(response.json<object>()), Object.keys(free.json<object>()));
    t.is(response.headers['content-length'], free.headers['content-length']);
  }
  const ids = [free, contested, taken].map((r) => r.json<RegistrationAccepted>().registrationId);
  t.deepEqual(await Promise.all(ids.map(namesOf)), [
    ['registered', 'superseded'],
    ['registered', 'email-verified'],
    ['registration-refused'],
  ]);
  t.is((await verify(await issue(toUserId(ids[0] ?? '')))).statusCode, 202);
});

test('a caller with scope registrations:write learns the exact outcome', async (t) => {
  const { post, prove } = createApi(t);
  const first = await post(person, trusted);
  t.is(first.statusCode, 201);
  t.is(createValidator(RegistrationCreated)(first.json()), undefined);
  const { userId } = first.json<RegistrationCreated>();
  t.is(first.headers.location, `/v1/users/${userId}`);
  const second = await post(person, trusted);
  t.is(second.statusCode, 202);
  t.is(createValidator(RegistrationAccepted)(second.json()), undefined);
  await prove(toUserId(userId));
  const third = await post(person, trusted);
  t.is(third.statusCode, 409);
  t.is(third.json<Problem>().code, 'address-taken');
  t.truthy(third.headers['position']);
});

test('an address nobody proved in time is taken over, and who had it is superseded', async (t) => {
  const { post, namesOf } = createApi(t, { claimLifetimeMs: -1 });
  const first = (await post(person, trusted)).json<RegistrationCreated>().userId;
  const second = await post(person, trusted);
  t.is(second.statusCode, 201);
  t.deepEqual(await namesOf(first), ['registered', 'superseded']);
  t.deepEqual(await namesOf(second.json<RegistrationCreated>().userId), ['registered']);
});

test('a token without that scope is treated as the public', async (t) => {
  const { post } = createApi(t);
  t.is((await post(person, as('client-1', 'users:read'))).statusCode, 202);
});

test('a token that does not hold is refused', async (t) => {
  const { post } = createApi(t);
  const response = await post(person, as('bad'));
  t.is(response.statusCode, 401);
  t.is(response.headers['www-authenticate'], 'Bearer');
});

test('the same idempotency key gives the same answer and appends nothing', async (t) => {
  const { post, log } = createApi(t);
  const first = await post(person, key);
  const head = await log.head(signal);
  const again = await post({ ...person, profile: { ...person.profile } }, key);
  t.deepEqual(again.json(), first.json());
  t.is(again.headers['position'], first.headers['position']);
  t.is(await log.head(signal), head);
});

test('fifty copies of one idempotent request get one answer', async (t) => {
  const { post, log } = createApi(t);
  const responses = await Promise.all(Array.from({ length: 50 }, () => post(person, key)));
  t.is(new Set(responses.map(({ body }) => body)).size, 1);
  t.is(await log.head(signal), 3);
});

test('another body under the same key is refused', async (t) => {
  const { post } = createApi(t);
  await post(person, key);
  const response = await post({ ...person, displayName: 'Vera M.' }, key);
  t.is(response.statusCode, 422);
  t.is(response.json<Problem>().code, 'idempotency-key-reused');
});

test('callers have idempotency keys of their own', async (t) => {
  const { post } = createApi(t);
  const mine = (await post(person, key)).json<RegistrationAccepted>().registrationId;
  const other = await post({ ...person, email: 'b@example.org' }, { ...key, ...trusted });
  t.is(other.statusCode, 201);
  t.not(other.json<RegistrationCreated>().userId, mine);
});

const refuses = test.macro<[unknown, Record<string, string>, number, string, string?]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, body, headers, status, code, pointer) => {
    const { post, log } = createApi(t);
    const response = await post(body, headers);
    t.is(response.statusCode, status);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
    const problem = response.json<Problem>();
    t.is(createValidator(Problem)(problem), undefined);
    t.is(problem.code, code as Problem['code']);
    t.is(problem.errors?.[0]?.pointer, pointer);
    t.is(await log.head(signal), 0);
  },
});

const { email: _email, ...nameless } = person;
test('a body that is not JSON', refuses, '{"email":', {}, 400, 'malformed-json');
test('an empty body', refuses, '', {}, 400, 'malformed-json');
test(
  'a body of another media type',
  refuses,
  'a=b',
  { 'content-type': 'text/plain' },
  415,
  'unsupported-media-type',
);
test(
  'a body over 16 KiB',
  refuses,
  { ...person, profile: { a: 'x'.repeat(17_000) } },
  {},
  413,
  'payload-too-large',
);
test('an array', refuses, [], {}, 422, 'invalid-request', '');
test('a missing field', refuses, nameless, {}, 422, 'invalid-request', '/email');
test(
  'an unknown field',
  refuses,
  { ...person, password: 'x' },
  {},
  422,
  'invalid-request',
  '/password',
);
test(
  'an address that is none',
  refuses,
  { ...person, email: 'vera' },
  {},
  422,
  'invalid-request',
  '/email',
);
test(
  'a locale that BCP 47 does not know',
  refuses,
  { ...person, locale: 'en-a' },
  {},
  422,
  'invalid-request',
  '/locale',
);
test(
  'a name of white space',
  refuses,
  { ...person, displayName: '  ' },
  {},
  422,
  'invalid-request',
  '/displayName',
);
test(
  'a profile value that is an object',
  refuses,
  { ...person, profile: { a: {} } },
  {},
  422,
  'invalid-request',
  '/profile/a',
);
test(
  'a short idempotency key',
  refuses,
  person,
  { 'idempotency-key': 'short' },
  400,
  'malformed-header',
);

test('every fault of a body is named at once', async (t) => {
  const { post } = createApi(t);
  const response = await post({ ...person, email: 'x', displayName: '\u202ex', locale: 'en-a' });
  t.deepEqual(response.json<Problem>().errors, [
    { pointer: '/email', code: 'format' },
    { pointer: '/displayName', code: 'invisible-character' },
    { pointer: '/locale', code: 'format' },
  ]);
});

test('without the log a registration is answered 503 with Retry-After', async (t) => {
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: async () => ({ status: 'unknown', cause: new Error('no leader') }),
  };
  const { post } = createApi(t, { log, deadlineMs: 200 });
  const response = await post();
  t.is(response.statusCode, 503);
  t.is(response.json<Problem>().code, 'log-unavailable');
  t.is(response.headers['retry-after'], '1');
});
