import {
  MAX_PUBLIC_BODY_BYTES,
  Problem,
  RegistrationAccepted,
  RegistrationCreated,
  recordKind,
  subjects,
} from '@zameni/contracts';
import { AppError, createValidator, type EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { userIdOf } from '../domain/situation.fixture.ts';
import { readAll, toAttempt, toEvent, toUserId } from '../log/log.fixture.ts';
import { as, createApi, key, person } from '../testing/api.fixture.ts';
import { LIFETIME_MS } from '../testing/rings.fixture.ts';

const trusted = as('client-1', 'registrations:write');

test('a public registration is accepted with id, location and position', async (t) => {
  const { post, log, positionOf } = createApi(t);
  const response = await post();
  t.is(response.statusCode, 202);
  const body = response.json<RegistrationAccepted>();
  t.is(createValidator(RegistrationAccepted)(body), undefined);
  t.is(response.headers.location, `/v1/registrations/${body.registrationId}`);
  t.is(response.headers['cache-control'], 'no-store');
  const [record, ...more] = await readAll(log);
  t.is(record?.subject, subjects.attempt(body.registrationId));
  t.is(positionOf(response), record?.position);
  t.deepEqual(more, []);
});

test('the record contains the data that its proof needs, with the request sealed', async (t) => {
  const { post, log, claimOf, attemptKeys } = createApi(t);
  const { registrationId } = (await post()).json<RegistrationAccepted>();
  const [record] = await readAll(log);
  const attempt = record && toAttempt(record).record;
  if (attempt?.state !== 'open') return t.fail();
  t.is(attempt.claim, claimOf(person.email));
  t.is(Date.parse(attempt.expiresAt) - Date.parse(attempt.time), LIFETIME_MS);
  t.is(attempt.key, attempt.time.slice(0, 10));
  t.deepEqual(attempt.actor, { type: 'anonymous', id: 'anonymous' });
  const { locale, ...sealed } = person;
  t.is(attempt.locale, locale);
  t.deepEqual(attemptKeys.open(registrationId, attempt)?.data, sealed);
  t.is(attemptKeys.open(userIdOf(1), attempt), undefined);
});

test('the message of an attempt expires an hour after its instant', async (t) => {
  const memory = createMemoryLog();
  const lifetimes: (number | undefined)[] = [];
  const log: typeof memory = {
    ...memory,
    append: (messages, signal) => {
      lifetimes.push(...messages.map(({ ttlSeconds }) => ttlSeconds));
      return memory.append(messages, signal);
    },
  };
  const { post, attempt, prove } = createApi(t, { log });
  await post(person, key);
  t.deepEqual(lifetimes.splice(0), [LIFETIME_MS / 1_000 + 3_600]);
  await prove(await attempt());
  const [, claim, deletion, closed, wrapped, event] = lifetimes;
  t.deepEqual([claim, deletion, wrapped, event], [undefined, undefined, undefined, undefined]);
  // The attempt may have grown older by some seconds on a busy machine.
  const leftSeconds = LIFETIME_MS / 1_000 + 3_600 - (closed ?? 0);
  t.true(leftSeconds >= 0 && leftSeconds < 60, `${leftSeconds}`);
});

test('a vouched registration gets its account at once: claim, key and event in one commit', async (t) => {
  const { post, log, claimOf, positionOf } = createApi(t);
  const response = await post(person, trusted);
  t.is(response.statusCode, 201);
  t.is(createValidator(RegistrationCreated)(response.json()), undefined);
  const { userId } = response.json<RegistrationCreated>();
  t.is(response.headers.location, `/v1/users/${userId}`);
  const records = await readAll(log);
  const [claim, wrapped, event] = records;
  t.is(records.length, 3);
  t.is(claim?.subject, subjects.claim(claimOf(person.email)));
  t.is(wrapped?.subject, subjects.key(userId));
  t.is(event?.subject, subjects.account(userId));
  t.is(event && String(toEvent(event).metadata.userId), userId);
  t.is(positionOf(response), event?.position);
});

test('a caller may also vouch for the mailbox', async (t) => {
  const { register, readPerson } = createApi(t);
  const emailVerifiedOf = async (email: string, more: object) => {
    const { state } = await readPerson(await register(email, more));
    return 'emailVerified' in state && state.emailVerified;
  };
  t.false(await emailVerifiedOf('a@example.org', {}));
  t.false(await emailVerifiedOf('b@example.org', { emailVerified: false }));
  t.true(await emailVerifiedOf('c@example.org', { emailVerified: true }));
});

test('a held address is 409, proven or not, and nothing is appended', async (t) => {
  const { post, register, confirm, head } = createApi(t);
  const holder = await register();
  for (const round of ['unproven', 'proven']) {
    const before = await head();
    const response = await post({ ...person, email: ' VERA@example.org' }, trusted);
    t.is(response.statusCode, 409, round);
    t.is(response.json<Problem>().code, 'address-taken');
    t.is(await head(), before);
    t.is((await confirm(holder)).statusCode, 202);
  }
});

test('an address with attempts only is free', async (t) => {
  const { post, attempt } = createApi(t);
  await attempt();
  t.is((await post(person, trusted)).statusCode, 201);
});

test('every address looks the same to the public: status, headers and body', async (t) => {
  const { post, attempt, prove } = createApi(t);
  const free = await post();
  const pending = await post({ ...person, email: 'Vera@EXAMPLE.org' });
  await prove(await attempt());
  const taken = await post({ ...person, email: ' VERA@example.org' });
  for (const response of [pending, taken]) {
    t.is(response.statusCode, free.statusCode);
    t.deepEqual(Object.keys(response.headers).toSorted(), Object.keys(free.headers).toSorted());
    t.deepEqual(Object.keys(response.json<object>()), Object.keys(free.json<object>()));
    t.is(response.headers['content-length'], free.headers['content-length']);
  }
});

test('a caller without the scope is treated as the public, but named as the actor', async (t) => {
  const { post, log } = createApi(t);
  t.is((await post(person, as('client-1', 'users:read'))).statusCode, 202);
  const [record] = await readAll(log);
  t.is(record && recordKind(record.subject), 'attempt');
  const attempt = record && toAttempt(record).record;
  t.is(attempt?.state === 'open' && attempt.actor.type, 'caller');
});

test('an invalid token is refused', async (t) => {
  const { post } = createApi(t);
  const response = await post(person, as('bad'));
  t.is(response.statusCode, 401);
  t.is(response.headers['www-authenticate'], 'Bearer error="invalid_token"');
});

test('the public cannot state that it has proven a mailbox', async (t) => {
  const { post, head } = createApi(t);
  for (const headers of [{}, as('client-1', 'users:write')]) {
    for (const emailVerified of [true, false]) {
      const response = await post({ ...person, emailVerified }, headers);
      t.is(response.statusCode, 422);
      t.deepEqual(response.json<Problem>().errors, [
        { pointer: '/emailVerified', code: 'not-taken' },
      ]);
    }
  }
  t.is(await head(), 0);
});

test('without the scope a body has at most 4 KiB', async (t) => {
  const { post, head } = createApi(t);
  const text = JSON.stringify(person);
  const missing = MAX_PUBLIC_BODY_BYTES - Buffer.byteLength(text);
  const fitting = `${text}${' '.repeat(missing)}`;
  t.is((await post(fitting)).statusCode, 202);
  const large = `${fitting} `;
  const withoutScope = as('client-1', 'users:write');
  t.is((await post(fitting, withoutScope)).statusCode, 202);
  const before = await head();
  const refused = await Promise.all([{}, withoutScope].map((headers) => post(large, headers)));
  const [anonymous, known] = refused.map((each) => {
    t.is(each.statusCode, 413);
    const { traceId: _, ...problem } = each.json<Problem>();
    t.is(problem.code, 'payload-too-large');
    return problem;
  });
  t.deepEqual(known, anonymous);
  t.is(await head(), before);
  t.is((await post(large, trusted)).statusCode, 201);
});

test('each kind of registration checks its own room before any work', async (t) => {
  const asked: string[] = [];
  const room = {
    assert: (kind: string) => {
      asked.push(kind);
      throw new AppError('log-full', { retryAfterSeconds: 600 });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const { post, send, head } = createApi(t, { room });
  for (const headers of [{}, trusted]) {
    const response = await post(person, headers);
    t.is(response.statusCode, 503);
    t.is(response.json<Problem>().code, 'log-full');
    t.is(response.headers['retry-after'], '600');
  }
  const body = { email: person.email };
  t.is((await send({ url: '/v1/email-verifications/resend', body })).statusCode, 503);
  t.deepEqual(asked, ['public', 'vouched', 'public']);
  t.is(await head(), 0);
});

test('fifty concurrent attempts share batches, each with its own id and position', async (t) => {
  const memory = createMemoryLog();
  let appends = 0;
  const log: EventLog = {
    ...memory,
    append: (...about) => {
      appends += 1;
      return memory.append(...about);
    },
  };
  const { post, positionOf } = createApi(t, { log });
  const responses = await Promise.all(Array.from({ length: 50 }, () => post()));
  t.is(new Set(responses.map(({ body }) => body)).size, 50);
  t.is(new Set(responses.map(positionOf)).size, 50);
  t.true(appends < 10);
});

test('the id in the answer is that of the attempt and of its account', async (t) => {
  const { post, prove, eventsOf } = createApi(t);
  const id = toUserId((await post()).json<RegistrationAccepted>().registrationId);
  t.deepEqual((await prove(id)).json(), { userId: String(id) });
  t.is((await eventsOf(id)).length, 1);
});

const refuses = test.macro<[unknown, Record<string, string>, number, string, string?]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, body, headers, status, code, pointer) => {
    const { post, head } = createApi(t);
    const response = await post(body, headers);
    t.is(response.statusCode, status);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
    const problem = response.json<Problem>();
    t.is(createValidator(Problem)(problem), undefined);
    t.is(problem.code, code as Problem['code']);
    t.is(problem.errors?.[0]?.pointer, pointer);
    t.is(await head(), 0);
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
  'an invalid address',
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

for (const [kind, headers] of Object.entries({ public: {}, vouched: trusted })) {
  test(`without the log a ${kind} registration is answered 503 with Retry-After`, async (t) => {
    const log: EventLog = {
      ...createMemoryLog(),
      append: async () => ({ status: 'unknown', cause: new Error('no leader') }),
    };
    const { post } = createApi(t, { log, deadlineMs: 200, outcomeMs: 200 });
    const response = await post(person, headers);
    t.is(response.statusCode, 503);
    t.is(response.json<Problem>().code, 'log-unavailable');
    t.is(response.headers['retry-after'], '1');
  });
}
