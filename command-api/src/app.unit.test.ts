import { randomBytes } from 'node:crypto';
import {
  decodeEvent,
  ROUTES,
  RegistrationAccepted,
  RegistrationCreated,
  Problem,
  subjects,
} from '@zameni/contracts';
import {
  AppError,
  createCommitter,
  createDataKeys,
  createDigests,
  createLogger,
  createPositions,
  createValidator,
  type EventLog,
  type KeyRing,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createApp } from './app.ts';

const person = {
  email: 'Vera@example.org',
  displayName: 'Vera Marković',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: { city: 'Niš' },
};
const signal = AbortSignal.timeout(600_000);
const ring = (): KeyRing => ({ current: '1', keys: new Map([['1', randomBytes(32)]]) });

/** Tokens of this test: the bearer text lists the scopes; `bad` does not hold. */
const tokens = {
  verify: async (authorization: string | undefined) => {
    if (authorization === undefined) return undefined;
    if (authorization === 'Bearer bad') throw new AppError('unauthorized');
    const scopes = authorization.replace('Bearer ', '').split(' ');
    return { subject: 'client-1', scopes: new Set(scopes) };
  },
};

function createFixture(
  t: ExecutionContext,
  log: EventLog = createMemoryLog(),
  deadlineMs = 10_000,
) {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const positions = createPositions(ring());
  const committer = createCommitter(log, logger, { deadlineMs });
  const app = createApp({
    logger,
    log,
    committer,
    positions,
    digests: createDigests(ring()),
    dataKeys: createDataKeys(ring()),
    tokens,
    checks: { log: async () => void (await log.head(signal)) },
  });
  t.teardown(async () => {
    await app.close();
    await committer[Symbol.asyncDispose]();
  });
  const post = (body: unknown = person, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/v1/registrations',
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { app, log, positions, post };
}

const trusted = { authorization: 'Bearer registrations:write' };
const key = { 'idempotency-key': 'a1b2c3d4-0000-4000-8000-000000000001' };

test('a new person is accepted with id, location and position', async (t) => {
  const { post, log, positions } = createFixture(t);
  const response = await post();
  t.is(response.statusCode, 202);
  const body = response.json<RegistrationAccepted>();
  t.is(createValidator(RegistrationAccepted)(body), undefined);
  t.is(response.headers.location, `/v1/registrations/${body.registrationId}`);
  const record = await log.readFirst(subjects.account(body.registrationId), signal);
  t.is(positions.open(String(response.headers['position'])), record?.position);
});

test('claim, key and event lie in the log together and hold no personal data in clear', async (t) => {
  const { post, log } = createFixture(t);
  const { registrationId } = (await post()).json<RegistrationAccepted>();
  t.is(await log.head(signal), 3);
  const reading = new AbortController();
  const options = { filters: ['zameni.'], after: 0, maxRecords: 10, maxBytes: 1e6 };
  for await (const batch of log.readBatches(options, reading.signal)) {
    t.is(batch[1]?.subject, subjects.key(registrationId));
    t.is(batch[2]?.subject, subjects.account(registrationId));
    const stored = decodeEvent(Buffer.from(batch[2]?.data ?? []).toString('utf8'));
    t.is(registrationId, stored.metadata.userId);
    const bytes = batch.map((r) => r.subject + Buffer.from(r.data).toString('utf8')).join();
    for (const text of [person.email, 'vera', 'Marković', 'Niš']) {
      t.false(bytes.toLowerCase().includes(text.toLowerCase()));
    }
    reading.abort();
  }
});

test('a taken address looks the same to the public, in status, headers and body', async (t) => {
  const { post } = createFixture(t);
  const first = await post();
  const second = await post({ ...person, email: 'ｖera@EXAMPLE.org' });
  t.is(second.statusCode, first.statusCode);
  t.deepEqual(Object.keys(second.headers).toSorted(), Object.keys(first.headers).toSorted());
  t.deepEqual(Object.keys(second.json<object>()), Object.keys(first.json<object>()));
});

test('a caller with scope registrations:write learns the exact outcome', async (t) => {
  const { post } = createFixture(t);
  const first = await post(person, trusted);
  t.is(first.statusCode, 201);
  t.is(createValidator(RegistrationCreated)(first.json()), undefined);
  t.is(first.headers.location, `/v1/users/${first.json<RegistrationCreated>().userId}`);
  const second = await post(person, trusted);
  t.is(second.statusCode, 409);
  t.is(second.json<Problem>().code, 'address-taken');
  t.truthy(second.headers['position']);
});

test('a token without that scope is treated as the public', async (t) => {
  const { post } = createFixture(t);
  t.is((await post(person, { authorization: 'Bearer users:read' })).statusCode, 202);
});

test('a token that does not hold is refused', async (t) => {
  const { post } = createFixture(t);
  const response = await post(person, { authorization: 'Bearer bad' });
  t.is(response.statusCode, 401);
  t.is(response.headers['www-authenticate'], 'Bearer');
});

test('the same idempotency key gives the same answer and appends nothing', async (t) => {
  const { post, log } = createFixture(t);
  const first = await post(person, key);
  const head = await log.head(signal);
  const again = await post({ ...person, profile: { ...person.profile } }, key);
  t.deepEqual(again.json(), first.json());
  t.is(again.headers['position'], first.headers['position']);
  t.is(await log.head(signal), head);
});

test('the answer to a refused registration is given again too', async (t) => {
  const { post } = createFixture(t);
  await post();
  const first = await post(person, { ...key, ...trusted });
  const again = await post(person, { ...key, ...trusted });
  t.is(first.statusCode, 409);
  t.is(again.statusCode, 409);
  t.is(again.headers['position'], first.headers['position']);
});

test('fifty copies of one idempotent request get one answer', async (t) => {
  const { post, log } = createFixture(t);
  const responses = await Promise.all(Array.from({ length: 50 }, () => post(person, key)));
  t.is(new Set(responses.map(({ body }) => body)).size, 1);
  t.is(await log.head(signal), 3);
});

test('another body under the same key is refused', async (t) => {
  const { post } = createFixture(t);
  await post(person, key);
  const response = await post({ ...person, displayName: 'Vera M.' }, key);
  t.is(response.statusCode, 422);
  t.is(response.json<Problem>().code, 'idempotency-key-reused');
});

test('callers have idempotency keys of their own', async (t) => {
  const { post } = createFixture(t);
  const mine = (await post(person, key)).json<RegistrationAccepted>().registrationId;
  const other = await post({ ...person, email: 'b@example.org' }, { ...key, ...trusted });
  t.is(other.statusCode, 201);
  t.not(other.json<RegistrationCreated>().userId, mine);
});

const refuses = test.macro<[unknown, Record<string, string>, number, string, string?]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, body, headers, status, code, pointer) => {
    const { post, log } = createFixture(t);
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
  const { post } = createFixture(t);
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
  const { post } = createFixture(t, log, 200);
  const response = await post();
  t.is(response.statusCode, 503);
  t.is(response.json<Problem>().code, 'log-unavailable');
  t.is(response.headers['retry-after'], '1');
});

test('readiness names the log when it is missing', async (t) => {
  const { app } = createFixture(t, {
    ...createMemoryLog(),
    head: async () => Promise.reject(new Error('no leader')),
  });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.deepEqual(response.json(), { ready: false, missing: ['log'], degraded: [] });
  t.is((await app.inject('/livez')).statusCode, 200);
});

test('the routes are those of the table in contracts', (t) => {
  const { app } = createFixture(t);
  const mine = ROUTES.filter((route) => route.service === 'command-api');
  for (const { method, path } of mine) {
    t.true(app.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ':$1') }));
  }
  t.is(app.printRoutes({ commonPrefix: false }).match(/\/v1\//g)?.length, mine.length);
});
