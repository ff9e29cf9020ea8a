import { createHmac } from 'node:crypto';
import { type Problem, RequestAccepted, subjects, type UserId } from '@zameni/contracts';
import { createValidator, type LogMessage } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { as, createApi, person, readAll, toEvent } from './api.fixture.ts';

type Api = ReturnType<typeof createApi>;

const writer = as('client-1', 'users:write');
const eraser = as('client-1', 'users:erase');
const LIFETIME_SECONDS = 600;

test('proof of a mailbox is accepted and lies in the log at the position told', async (t) => {
  const { register, prove, eventsOf, positions, head } = createApi(t);
  const userId = await register();
  const response = await prove(userId);
  t.is(response.statusCode, 202);
  t.is(createValidator(RequestAccepted)(response.json()), undefined);
  t.is(response.headers['cache-control'], 'no-store');
  t.is(positions.open(String(response.headers['position'])), await head());
  const events = await eventsOf(userId);
  t.is(events[1]?.name, 'email-verified');
  t.deepEqual(events[1]?.data, { attempt: events[0]?.metadata.id });
});

test('a token used again gets the same answer and appends nothing', async (t) => {
  const { register, issue, verify, head } = createApi(t);
  const token = await issue(await register());
  const first = await verify(token);
  const before = await head();
  const again = await verify(token);
  t.is(again.statusCode, 202);
  t.is(again.body, first.body);
  t.is(await head(), before);
});

test('the mailbox belongs to who proves it, in the same commit as the others lose it', async (t) => {
  const appended: (readonly LogMessage[])[] = [];
  const memory = createMemoryLog();
  const log: typeof memory = {
    ...memory,
    append: async (messages, signal) => {
      const outcome = await memory.append(messages, signal);
      if (outcome.status === 'appended') appended.push(messages);
      return outcome;
    },
  };
  const { register, prove, verify, issue, namesOf, head } = createApi(t, { log });
  const [holder, contender, late] = [await register(), await register(), await register()];
  await prove(contender);
  t.deepEqual(
    appended
      .at(-1)
      ?.map(({ subject }) => subject)
      .filter((subject) => subject.startsWith('zameni.account.'))
      .toSorted(),
    [holder, contender, late].map(subjects.account).toSorted(),
  );
  const before = await head();
  const lost = await verify(await issue(holder));
  t.is(lost.statusCode, 202);
  t.is(await head(), before);
  t.deepEqual(await namesOf(holder), ['registered', 'superseded']);
  t.deepEqual(await namesOf(late), ['registered', 'superseded']);
});

test('a new address takes effect when it is proven, and the old one becomes free', async (t) => {
  const { register, prove, send, post, readPerson } = createApi(t);
  const userId = await register();
  await prove(userId);
  const email = 'vera@example.net';
  const url = `/v1/users/${userId}/email-changes`;
  t.is((await send({ url, body: { email }, headers: writer })).statusCode, 202);
  t.is((await readPerson(userId)).person?.data?.email, person.email);
  t.is((await prove(userId, email, 'email-change-requested')).statusCode, 202);
  t.is((await readPerson(userId)).person?.data?.email, email);
  const trusted = as('client-1', 'registrations:write');
  t.is((await post(person, trusted)).statusCode, 201);
  t.is((await post({ ...person, email }, trusted)).statusCode, 409);
});

test('a new address that somebody else has proven meanwhile is refused', async (t) => {
  const { register, prove, send, readPerson, head } = createApi(t);
  const userId = await register();
  await prove(userId);
  const email = 'shared@example.net';
  const url = `/v1/users/${userId}/email-changes`;
  await send({ url, body: { email }, headers: writer });
  await prove(await register(email), email);
  const before = await head();
  const response = await prove(userId, email, 'email-change-requested');
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-taken');
  t.is(await head(), before);
  t.is((await readPerson(userId)).person?.data?.email, person.email);
});

test('a token of somebody erased is accepted and changes nothing', async (t) => {
  const { register, issue, verify, send, head } = createApi(t);
  const userId = await register();
  const token = await issue(userId);
  await send({ method: 'DELETE', url: `/v1/users/${userId}`, headers: eraser });
  const before = await head();
  t.is((await verify(token)).statusCode, 202);
  t.is(await head(), before);
});

/** A token like ours, with other parts. */
function forge(
  { verificationRing, digests }: Api,
  userId: UserId,
  parts: { header?: object; claims?: object; secret?: Buffer; signature?: string } = {},
): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const header = { alg: 'HS256', typ: 'zameni-verification+jwt', kid: '1', ...parts.header };
  const claims = {
    sub: userId,
    aud: 'zameni:email-verifications',
    iat: nowSeconds,
    exp: nowSeconds + LIFETIME_SECONDS,
    claim: digests.claimOf('vera@example.org'),
    attempt: userId,
    ...parts.claims,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  const secret = parts.secret ?? verificationRing.keys.get('1') ?? Buffer.alloc(0);
  const signature = createHmac('sha256', secret).update(signed).digest('base64url');
  return `${signed}.${parts.signature ?? signature}`;
}

test('a token made by hand like ours is ours, so the next tests test what they say', async (t) => {
  const api = createApi(t);
  t.is((await api.verify(forge(api, await api.register()))).statusCode, 202);
});

const refuses = test.macro<[Parameters<typeof forge>[2] | string]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, parts) => {
    const api = createApi(t);
    const userId = await api.register();
    const head = await api.head();
    const token = typeof parts === 'string' ? parts : forge(api, userId, parts);
    const response = await api.verify(token);
    t.is(response.statusCode, 422);
    t.is(response.json<Problem>().code, 'invalid-verification-token');
    t.false(response.body.includes(token));
    t.is(await api.head(), head);
  },
});
const past = { iat: 1_700_000_000, exp: 1_700_000_001 };
test('a text that is no token', refuses, 'no-token-of-anybody');
test('three empty parts', refuses, '..');
test('a token that has expired', refuses, { claims: past });
test('a token of another key', refuses, { secret: Buffer.alloc(32, 1) });
test('a token of a key we do not have', refuses, { header: { kid: '2' } });
test('a token without a key id', refuses, { header: { kid: undefined } });
test('a token that is not signed', refuses, { header: { alg: 'none' }, signature: '' });
test('a token of another algorithm', refuses, { header: { alg: 'HS512' } });
test('a token of another type', refuses, { header: { typ: 'at+jwt' } });
test('a token for another audience', refuses, { claims: { aud: 'zameni' } });
test('a token without an end', refuses, { claims: { exp: undefined } });
test('a token that names no attempt', refuses, { claims: { attempt: undefined } });
test('a token of nobody', refuses, { claims: { sub: 'vera@example.org' } });

const faulty = test.macro<[string, unknown, string, string]>({
  title: (title = '') => `names the place of ${title}`,
  exec: async (t, url, body, pointer, code) => {
    const { send, head } = createApi(t);
    const response = await send({ url, body });
    t.is(response.statusCode, 422);
    t.deepEqual(response.json<Problem>().errors, [{ pointer, code }]);
    t.is(await head(), 0);
  },
});
const verifications = '/v1/email-verifications';
const resend = `${verifications}/resend`;
test('a token that is missing', faulty, verifications, {}, '/token', 'required');
test('a long token', faulty, verifications, { token: 'x'.repeat(1_025) }, '/token', 'too-long');
test('an address that is missing', faulty, resend, {}, '/email', 'required');
test('an address that is none', faulty, resend, { email: 'vera' }, '/email', 'format');

test('a wish for the mail looks the same whatever lies behind the address', async (t) => {
  const { register, prove, send, head } = createApi(t);
  await register('waiting@example.org');
  await prove(await register('proven@example.org'), 'proven@example.org');
  const wish = (name: string) => send({ url: resend, body: { email: `${name}@example.org` } });
  const waiting = await wish('waiting');
  const others = [await wish('proven'), await wish('unknown')];
  t.is(waiting.statusCode, 202);
  for (const other of others) {
    t.is(other.statusCode, 202);
    t.is(other.body, waiting.body);
    t.deepEqual(Object.keys(other.headers).toSorted(), Object.keys(waiting.headers).toSorted());
  }
  t.is(await head(), 3 + 3 + 2 + 3);
});

test('a wish lies on who waits; on an account nobody has it expires', async (t) => {
  const memory = createMemoryLog();
  const lifetimes = new Map<string, number | undefined>();
  const log: typeof memory = {
    ...memory,
    append: (messages, signal) => {
      for (const { subject, ttlSeconds } of messages) lifetimes.set(subject, ttlSeconds);
      return memory.append(messages, signal);
    },
  };
  const { register, send, eventsOf } = createApi(t, { log });
  const userId = await register();
  await send({ url: resend, body: { email: person.email } });
  const [registration, wish] = await eventsOf(userId);
  t.is(wish?.name, 'verification-requested');
  t.deepEqual(wish?.data, { attempt: registration?.metadata.id });
  t.is(wish?.metadata.accountVersion, 2);
  t.is(lifetimes.get(subjects.account(userId)), undefined);
  await send({ url: resend, body: { email: 'unknown@example.org' } });
  const last = (await readAll(log)).at(-1);
  t.is(last && toEvent(last).name, 'verification-requested');
  t.is(lifetimes.get(last?.subject ?? ''), 60 * 60);
});

test('of several attempts each gets the mail', async (t) => {
  const { register, send, namesOf } = createApi(t);
  const people = [await register(), await register()];
  await send({ url: resend, body: { email: person.email } });
  for (const userId of people) {
    t.deepEqual(await namesOf(userId), ['registered', 'verification-requested']);
  }
});
