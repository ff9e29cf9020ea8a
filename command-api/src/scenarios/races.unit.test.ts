import { ClaimRecord, recordKind, subjects, type UserId } from '@zameni/contracts';
import { createValidator, type LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import type { Said } from '../domain/verification.ts';
import { readAll, toAttempt, toEvent, toUserId } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';
import { createRandom } from '../testing/random.fixture.ts';

const headers = operator;
const addresses = ['a@example.org', 'b@example.org', 'c@example.org', 'd@example.org'];

/** Checks that every account has events 1 to n without a gap. Returns the number of accounts. */
function checkVersions(t: ExecutionContext, records: readonly LogRecord[]): number {
  const versions = new Map<string, number>();
  for (const record of records.filter(({ subject }) => recordKind(subject) === 'account')) {
    const { accountVersion } = toEvent(record).metadata;
    t.is(accountVersion, (versions.get(record.subject) ?? 0) + 1, record.subject);
    versions.set(record.subject, accountVersion);
  }
  return versions.size;
}

/** Checks that a proven address is released before another account gets it. */
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

/** Checks that claims match the accounts: at most one holds each address, proven if it is. */
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
  for (const subject of new Set([...claims.keys(), ...holders.keys()])) {
    const record = claims.get(subject);
    const { erasedAt: _erasedAt, ...last } = record ?? {};
    const isReserved = record?.state === 'held' && record.until !== undefined;
    const expected = record?.state === 'held' && !isReserved ? [last] : [];
    t.deepEqual(holders.get(subject) ?? [], expected, 'claim and accounts differ');
  }
}

/** Checks that at most one record closes an open attempt, and names its position. */
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

/** An attempt by its newest open record, as a link names it. */
type Named = { readonly id: UserId; readonly position: number; readonly claim: string };

function attemptsIn(records: readonly LogRecord[]): Named[] {
  const attempts = new Map<string, Named>();
  for (const each of records.filter(({ subject }) => recordKind(subject) === 'attempt')) {
    const { record, position } = toAttempt(each);
    if (record.state !== 'open') continue;
    const id = toUserId(each.subject.slice(subjects.attempt('').length));
    attempts.set(id, { id, position, claim: record.claim });
  }
  return [...attempts.values()];
}

/** The newest account, and the accounts that hold or want an address. */
async function accountsIn(api: Api, records: readonly LogRecord[]) {
  const ids = idsIn(records, 'account');
  const accounts = ids.map(async (userId) => {
    const { state, person: loaded } = await api.readPerson(userId);
    const { email: own, wanted } = loaded?.data ?? {};
    const isHolder = 'holdsAddress' in state && state.holdsAddress;
    return { userId, own, wanted: wanted?.email, isHolder };
  });
  return (await Promise.all(accounts)).filter(
    ({ userId, isHolder }) => isHolder || userId === ids.at(-1),
  );
}

/** The target of a command. The account need not hold or want the address. */
type About = {
  readonly userId: UserId;
  readonly email: string;
  /** The address that the account wants or holds, or any address. */
  readonly wanted: string;
  readonly own: string;
  /** An attempt on that address if there is one, open or not. */
  readonly attempt: Named;
  /** The prover's answer about another account. */
  readonly said: Said;
  readonly n: number;
};

const change = 'email-change-requested';
const ofUser = ({ userId }: About, path = '') => `/v1/users/${userId}${path}`;
const notMine: Said = { notMine: true };
const NAMING = 'the proof of an account that names an attempt';

type Command = (api: Api, about: About) => ReturnType<Api['send']>;
const COMMANDS = Object.entries<Command>({
  'a wish for an address': ({ send }, about) =>
    send({ url: ofUser(about, '/email-changes'), body: { email: about.email }, headers }),
  'the proof of a wish': ({ confirm }, { userId, wanted, said }) =>
    confirm(userId, { email: wanted, name: change }, said),
  'another name': ({ send }, about) =>
    send({ method: 'PATCH', url: ofUser(about), body: { displayName: `N ${about.n}` }, headers }),
  'a reactivation': ({ send }, about) =>
    send({ url: ofUser(about, '/reactivations'), body: { reasonCode: `r${about.n}` }, headers }),
  [NAMING]: ({ confirm }, { userId, own, attempt }) => confirm(userId, { email: own, attempt }),
  'the proof of an attempt': ({ prove }, { attempt, said }) => prove(attempt.id, said),
  'a public registration': ({ post }, { email }) => post({ ...person, email }),
  'a registration that is vouched for': ({ post }, { email, n }) =>
    post({ ...person, email, emailVerified: n % 3 === 0 }, headers),
});

/** Less frequent, because otherwise few targets would be left for other commands. */
const ENDINGS = Object.entries<Command>({
  'the end of a wish': ({ confirm }, { userId, wanted }) =>
    confirm(userId, { email: wanted, name: change }, notMine),
  'a deactivation': ({ send }, about) =>
    send({ url: ofUser(about, '/deactivations'), body: { reasonCode: `r${about.n}` }, headers }),
  'the erasure of an account': ({ send }, about) =>
    send({ method: 'DELETE', url: ofUser(about), headers }),
  'the erasure of an attempt': ({ send }, { attempt }) =>
    send({ method: 'DELETE', url: `/v1/users/${attempt.id}`, headers }),
  'the disowning of an account': ({ confirm }, { userId, own }) =>
    confirm(userId, { email: own }, notMine),
  'the disowning of an attempt': ({ prove }, { attempt }) => prove(attempt.id, notMine),
});

const NAMES = [...COMMANDS, ...ENDINGS].map(([name]) => name);

const ACCEPTABLE = new Set([201, 202, 404, 409, 410, 422, 503]);

/** Minimum rounds of a seed. More follow, up to a maximum, until every command succeeded once. */
const MIN_ROUNDS = 8;
const MAX_ROUNDS = 200;

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`rivals leave a log without contradictions (seed ${seed})`, async (t) => {
    const random = createRandom(seed);
    const pick = <Item>(all: readonly Item[]): Item => {
      const item = all[random(all.length)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    };
    const one = createApi(t);
    const { log, peppers, rings } = one;
    const apis = [one, createApi(t, { log, peppers, ...rings })];
    const succeeded = new Set<string>();
    for (const email of addresses) {
      await Promise.all([one.attempt(email), one.attempt(email), one.register(email)]);
    }
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const lacking = [...COMMANDS, ...ENDINGS].filter(([name]) => !succeeded.has(name));
      if (round >= MIN_ROUNDS && lacking.length === 0) break;
      const tables = [lacking.length === 0 ? COMMANDS : lacking, COMMANDS, COMMANDS, ENDINGS];
      const before = await readAll(log);
      const accounts = await accountsIn(one, before);
      const attempts = attemptsIn(before);
      const results = await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const [name, command] = pick(pick(tables));
          const n = 10 * round + index;
          // A new address is free, unlike most others.
          const email = pick([...addresses, `new-${n}@example.org`]);
          const { userId, own = email, wanted = email } = pick(accounts);
          const ofOwn = attempts.filter(({ claim }) => claim === one.claimOf(own));
          const attempt = pick((ofOwn.length === 0 ? attempts : ofOwn).slice(-3));
          const said = pick<Said>([{}, { holder: 'confirm' }, { holder: 'not-mine' }]);
          const about = { userId, email, wanted, own, attempt, said, n };
          return { name, attempt, response: await command(pick(apis), about) };
        }),
      );
      const records = await readAll(log);
      for (const { name, attempt, response } of results) {
        t.true(ACCEPTABLE.has(response.statusCode), response.body);
        if (response.statusCode > 202) continue;
        const position = one.positionOf(response) ?? 0;
        // The first position is 1, and nothing is deleted.
        const [inFront, record] = [records[position - 2], records[position - 1]];
        t.true(['account', 'attempt'].includes(recordKind(record?.subject ?? '') ?? ''));
        // It is no success if it was so before or by another command, or if it names an attempt
        // and leaves it open.
        const isOld = position <= before.length;
        const isOthers = results.some(
          (other) => other.name !== name && one.positionOf(other.response) === position,
        );
        const closes = inFront?.subject === subjects.attempt(attempt.id);
        if (!isOld && !isOthers && (name !== NAMING || closes)) succeeded.add(name);
      }
      await checkAll(t, one);
    }
    t.deepEqual([...succeeded].toSorted(), NAMES.toSorted());
  });
}

test('every accepted change of one account is in the log once', async (t) => {
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
    [1, 2, 3, 4, 5, 6].map((n) => api.send({ url, body: { reasonCode: `r${n}` }, headers })),
  );
  t.is((await api.namesOf(userId)).filter((name) => name === 'deactivated').length, 1);
  await checkAll(t, api);
});

/** Rivals for one address, in two processes on one log. Returns the statuses that they may get. */
const rivalry = test.macro<[(one: Api, two: Api) => Promise<readonly (() => Promise<Answer>)[]>]>({
  title: (title = '') => `exactly one of the rivals for an address gets it: ${title}`,
  exec: async (t, prepare) => {
    for (let round = 0; round < 3; round += 1) {
      const one = createApi(t);
      const { log, peppers, rings } = one;
      const two = createApi(t, { log, peppers, ...rings });
      const rivals = await prepare(one, two);
      // Each rival is first once, so that the order of submission decides nothing.
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

/** Counts the accounts that hold an address. */
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
test('vouched registrations and proofs', rivalry, async (one, two) => {
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
  // They have the new address, or another has it and they keep the old one. That account goes last.
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

/** A proof beside the end of its attempt: both or one of them take effect, never half of one. */
const ends = test.macro<[(api: Api, id: UserId, token: string) => Promise<Answer>]>({
  title: (title = '') => `a proof beside ${title} of its attempt: one of them takes effect`,
  exec: async (t, end) => {
    for (const isFirst of [true, false]) {
      const one = createApi(t);
      const { log, peppers, rings } = one;
      const two = createApi(t, { log, peppers, ...rings });
      const id = await one.attempt();
      const token = await one.attemptToken(id);
      const acts = [() => one.verify(token), () => end(two, id, token)];
      const answers = await Promise.all((isFirst ? acts : acts.toReversed()).map((act) => act()));
      t.true(answers.some(({ statusCode }) => statusCode === 202));
      const { record } = (await one.attemptsOf(id)).at(-1) ?? {};
      const names = await one.namesOf(id);
      if (record?.state !== 'closed') return t.fail('nothing closed it');
      t.is(names.length > 0, record.by === 'proof');
      await checkAll(t, one);
    }
  },
});
test('the erasure', ends, ({ send }, id) =>
  send({ method: 'DELETE', url: `/v1/users/${id}`, headers }),
);
test('the disowning', ends, ({ verify }, _id, token) => verify(token, { notMine: true }));

test('the erasure of a person beside a proof of an older attempt re-creates no account', async (t) => {
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

test('an erasure releases a claim that no replica has yet', async (t) => {
  const memory = createMemoryLog();
  // The replicas have no claim yet; the leader has all of them.
  const api = createApi(t, { log: { ...memory, readLast: async () => new Map() } });
  const userId = await api.register();
  const erased = await api.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers });
  t.is(erased.statusCode, 202);
  const claims = checkClaims(t, await readAll(memory));
  t.deepEqual([...claims.values()], [{ state: 'released', by: 'erasure' }]);
});
