import { ClaimRecord, recordKind, subjects, type UserId } from '@zameni/contracts';
import { createValidator, type LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { type Api, createApi, operator, person } from './api.fixture.ts';
import { readAll, toAttempt, toEvent, toUserId } from './log.fixture.ts';
import { createRandom } from './random.fixture.ts';
import { userIdOf } from './situation.fixture.ts';
import type { Said } from './verification.ts';

const headers = operator;
const addresses = ['a@example.org', 'b@example.org'];

/** Every account has events 1 to n without a gap; answers how many accounts there are. */
function checkVersions(t: ExecutionContext, records: readonly LogRecord[]): number {
  const versions = new Map<string, number>();
  for (const record of records.filter(({ subject }) => recordKind(subject) === 'account')) {
    const { accountVersion } = toEvent(record).metadata;
    t.is(accountVersion, (versions.get(record.subject) ?? 0) + 1, record.subject);
    versions.set(record.subject, accountVersion);
  }
  return versions.size;
}

/** A proven address goes to nobody else before it is released. */
function checkClaims(t: ExecutionContext, records: readonly LogRecord[]): Map<string, ClaimRecord> {
  const validate = createValidator(ClaimRecord);
  const claims = new Map<string, ClaimRecord>();
  for (const { subject, data } of records) {
    if (recordKind(subject) !== 'claim') continue;
    const record: ClaimRecord = JSON.parse(Buffer.from(data).toString('utf8'));
    t.is(validate(record), undefined);
    const before = claims.get(subject);
    if (before?.state === 'held' && before.verified && record.state === 'held') {
      t.is(record.userId, before.userId, 'a proven address changed hands');
      t.true(record.verified, 'a proven address became unproven');
    }
    claims.set(subject, record);
  }
  return claims;
}

/** Each address is held by exactly the accounts that say so, at most one, proven where they are. */
async function checkHolders(
  t: ExecutionContext,
  api: Api,
  ids: readonly UserId[],
  claims: ReadonlyMap<string, ClaimRecord>,
): Promise<void> {
  const holders = new Map<string, unknown[]>();
  for (const userId of ids) {
    const { state, person: loaded } = await api.readPerson(userId);
    if (!('holdsAddress' in state) || !state.holdsAddress || !loaded?.data) continue;
    const subject = subjects.claim(loaded.data.claim);
    const record = { state: 'held', userId: String(userId), verified: state.emailVerified };
    holders.set(subject, [...(holders.get(subject) ?? []), record]);
  }
  for (const [subject, record] of claims) {
    const expected = record.state === 'held' ? [record] : [];
    t.deepEqual(holders.get(subject) ?? [], expected, 'claim and accounts differ');
  }
}

/** Behind an open record of an attempt at most one that closes just that one. */
function checkAttempts(t: ExecutionContext, records: readonly LogRecord[]): void {
  const last = new Map<string, ReturnType<typeof toAttempt>>();
  for (const each of records.filter(({ subject }) => recordKind(subject) === 'attempt')) {
    const { record, position } = toAttempt(each);
    const before = last.get(each.subject);
    if (record.state === 'closed') {
      t.is(before?.record.state, 'open');
      t.is(before?.position, record.attempt);
    }
    last.set(each.subject, { record, position });
  }
}

async function checkAll(t: ExecutionContext, api: Api): Promise<void> {
  const records = await readAll(api.log);
  checkVersions(t, records);
  checkAttempts(t, records);
  await checkHolders(t, api, idsIn(records, 'account'), checkClaims(t, records));
}

/** The ids of the attempts or accounts of a log. */
function idsIn(records: readonly LogRecord[], kind: 'attempt' | 'account'): UserId[] {
  const prefix = subjects[kind]('');
  const found = records.filter(({ subject }) => subject.startsWith(prefix));
  return [...new Set(found.map(({ subject }) => toUserId(subject.slice(prefix.length))))];
}

type Step = {
  readonly attempts: readonly UserId[];
  readonly accounts: readonly UserId[];
  readonly random: (below: number) => number;
  readonly n: number;
};

/** One random command; a link may be opened for an address that its event did not ask for. */
async function runCommand(api: Api, { attempts, accounts, random, n }: Step) {
  const pick = <Item>(all: readonly Item[]) => all[random(all.length)];
  const userId = pick(accounts) ?? userIdOf(1);
  const attempt = pick(attempts);
  const email = pick(addresses) ?? '';
  const url = `/v1/users/${userId}`;
  const body = { reasonCode: `r${n}` };
  const said: Said =
    pick([{}, { notMine: true }, { holder: 'confirm' }, { holder: 'not-mine' }]) ?? {};
  const link = {
    email,
    ...(attempt === undefined ? {} : { attempt: { id: attempt, position: n } }),
  };
  switch (random(11)) {
    case 0:
      return api.send({ url: `${url}/email-changes`, body: { email }, headers });
    case 1:
      return api.send({ url: `${url}/deactivations`, body, headers });
    case 2:
      return api.send({ url: `${url}/reactivations`, body, headers });
    case 3:
      return api.send({ method: 'PATCH', url, body: { displayName: `Name ${n}` }, headers });
    case 4:
      return api.send({
        method: 'DELETE',
        url: pick([url, `/v1/users/${attempt}`]) ?? url,
        headers,
      });
    case 5:
      return api.confirm(userId, { email, name: 'email-change-requested' }, said);
    case 6:
      return api.confirm(userId, link, said);
    case 7:
    case 8:
      return attempt === undefined ? api.post(person) : api.prove(attempt, said);
    case 9:
      return api.post({ ...person, email });
    default:
      return api.post({ ...person, email, emailVerified: n % 3 === 0 }, headers);
  }
}

const ACCEPTABLE = new Set([201, 202, 404, 409, 410, 422, 503]);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`rivals leave a log without contradictions (seed ${seed})`, async (t) => {
    const random = createRandom(seed);
    const one = createApi(t);
    const { log, peppers, rings } = one;
    const apis = [one, createApi(t, { log, peppers, ...rings })];
    for (const email of addresses) await Promise.all([one.attempt(email), one.attempt(email)]);
    for (let round = 0; round < 8; round += 1) {
      const before = await readAll(log);
      const attempts = idsIn(before, 'attempt');
      const accounts = idsIn(before, 'account');
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) => {
          const api = apis[n % 2] ?? one;
          return runCommand(api, { attempts, accounts, random, n: round * 10 + n });
        }),
      );
      const records = await readAll(log);
      for (const response of results) {
        t.true(ACCEPTABLE.has(response.statusCode), response.body);
        if (response.statusCode > 202) continue;
        const position = one.positionOf(response);
        const record = records.find((each) => each.position === position);
        t.true(['account', 'attempt'].includes(recordKind(record?.subject ?? '') ?? ''));
      }
      await checkAll(t, one);
    }
  });
}

test('every accepted change of one account is in the log, once', async (t) => {
  const api = createApi(t);
  const userId = await api.register();
  const url = `/v1/users/${userId}/deactivations`;
  const updates = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const body = { profile: { [`a${n}`]: n } };
      const response = await api.send({
        method: 'PATCH',
        url: `/v1/users/${userId}`,
        body,
        headers,
      });
      return { n, status: response.statusCode };
    }),
  );
  const accepted = updates.filter(({ status }) => status === 202);
  t.true(updates.every(({ status }) => status === 202 || status === 503));
  t.true(accepted.length > 0);
  const { person: loaded, state } = await api.readPerson(userId);
  const names = Object.keys(loaded?.data?.profile ?? {}).toSorted();
  t.deepEqual(names, [...accepted.map(({ n }) => `a${n}`), 'city'].toSorted());
  t.is('version' in state && state.version, accepted.length + 1);
  await Promise.all(
    [1, 2, 3].map((n) => api.send({ url, body: { reasonCode: `r${n}` }, headers })),
  );
  t.is((await api.namesOf(userId)).filter((name) => name === 'deactivated').length, 1);
  await checkAll(t, api);
});

/** Rivals for one address, in two processes on one log, and the statuses that they may get. */
const rivalry = test.macro<[(one: Api, two: Api) => Promise<readonly (() => Promise<Answer>)[]>]>({
  title: (title = '') => `of rivals for one address one has it: ${title}`,
  exec: async (t, prepare) => {
    for (let round = 0; round < 3; round += 1) {
      const one = createApi(t);
      const { log, peppers, rings } = one;
      const two = createApi(t, { log, peppers, ...rings });
      const rivals = await prepare(one, two);
      // Each comes first once, so that the order of submission decides nothing.
      const shifted = [...rivals.slice(round), ...rivals.slice(0, round)];
      const answers = await Promise.all(shifted.map((rival) => rival()));
      for (const { statusCode, body } of answers) t.true(ACCEPTABLE.has(statusCode), body);
      t.true(answers.some(({ statusCode }) => statusCode < 300));
      await checkAll(t, one);
      t.is(await countHolders(one), 1);
    }
  },
});
type Answer = { readonly statusCode: number; readonly body: string };

/** Accounts that hold an address. */
async function countHolders(api: Api): Promise<number> {
  const ids = idsIn(await readAll(api.log), 'account');
  const states = await Promise.all(ids.map(async (id) => (await api.readPerson(id)).state));
  return states.filter((state) => 'holdsAddress' in state && state.holdsAddress).length;
}

test('proofs of ten attempts', rivalry, async (one, two) => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => one.attempt()));
  return ids.map((id, n) => () => (n % 2 === 0 ? one : two).prove(id));
});
test('one attempt proven ten times', rivalry, async (one, two) => {
  const token = await one.attemptToken(await one.attempt());
  return Array.from({ length: 10 }, (_, n) => () => (n % 2 === 0 ? one : two).verify(token));
});
test('registrations that are vouched for and proofs', rivalry, async (one, two) => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => one.attempt()));
  return ids.flatMap((id) => [() => two.post(person, operator), () => one.prove(id)]);
});
test('the account is confirmed and disowned', rivalry, async (one, two) => {
  const holder = await one.register();
  const [a, b] = [await one.attempt(), await one.attempt()];
  return [
    () => one.prove(a, { holder: 'not-mine' }),
    () => two.confirm(holder),
    () => two.prove(b, { holder: 'confirm' }),
  ];
});
test('the account is confirmed and disowned by one link', rivalry, async (one, two) => {
  await one.register();
  const token = await one.attemptToken(await one.attempt());
  return [
    () => one.verify(token, { holder: 'not-mine' }),
    () => two.verify(token, { holder: 'confirm' }),
    () => two.verify(token, { holder: 'not-mine' }),
  ];
});
test('a proof and an address change', rivalry, async (one, two) => {
  const email = 'new@example.org';
  const userId = await one.join('old@example.org');
  const url = `/v1/users/${userId}/email-changes`;
  await one.send({ url, body: { email }, headers });
  const id = await one.attempt(email);
  // Either they have the new address, or another has it and they keep the old one, which goes last.
  return [
    () => one.confirm(userId, { email, name: 'email-change-requested' }),
    async () => {
      const answer = await two.prove(id);
      await two.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers });
      await two.prove(await two.attempt(email));
      return answer;
    },
  ];
});

/** An attempt is proven while something ends it: both or one of them, never half of either. */
const ends = test.macro<[(api: Api, id: UserId, token: string) => Promise<Answer>]>({
  title: (title = '') => `a proof beside ${title} of its attempt: one of them counts`,
  exec: async (t, end) => {
    for (const isFirst of [true, false]) {
      const one = createApi(t);
      const { log, peppers, rings } = one;
      const two = createApi(t, { log, peppers, ...rings });
      const id = await one.attempt();
      const token = await one.attemptToken(id);
      const acts = [() => one.verify(token), () => end(two, id, token)];
      await Promise.all((isFirst ? acts : acts.toReversed()).map((act) => act()));
      const { record } = (await one.attemptsOf(id)).at(-1) ?? {};
      const names = await one.namesOf(id);
      const byProof = record?.state === 'closed' && record.by === 'proof';
      t.is(names.length > 0, byProof);
      await checkAll(t, one);
    }
  },
});
test('the erasure', ends, ({ send }, id) =>
  send({ method: 'DELETE', url: `/v1/users/${id}`, headers }),
);
test('the disowning', ends, ({ verify }, _id, token) => verify(token, { notMine: true }));

test('the erasure of a person beside a proof of an older attempt re-creates nobody', async (t) => {
  for (const isFirst of [true, false]) {
    const one = createApi(t);
    const { log, peppers, rings } = one;
    const two = createApi(t, { log, peppers, ...rings });
    const older = await one.attempt();
    const userId = await one.join();
    const acts = [
      () => one.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers }),
      () => two.prove(older),
    ];
    await Promise.all((isFirst ? acts : acts.toReversed()).map((act) => act()));
    t.deepEqual(await one.namesOf(older), []);
    t.is((await two.prove(older)).statusCode, 422);
    t.is(await countHolders(one), 0);
    await checkAll(t, one);
  }
});

test('an erasure gives up a claim that no replica knows yet', async (t) => {
  const memory = createMemoryLog();
  // No replica has come to a claim; the leader has them all.
  const api = createApi(t, { log: { ...memory, readLast: async () => new Map() } });
  const userId = await api.register();
  const erased = await api.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers });
  t.is(erased.statusCode, 202);
  const claims = checkClaims(t, await readAll(memory));
  t.deepEqual([...claims.values()], [{ state: 'released', by: 'erasure' }]);
});
