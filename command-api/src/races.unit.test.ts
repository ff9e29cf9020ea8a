import { ClaimRecord, recordKind, subjects, type UserId } from '@zameni/contracts';
import { createValidator, type LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { as, createApi, person, readAll, toEvent } from './api.fixture.ts';
import { createRandom } from './random.fixture.ts';
import { userIdOf } from './situation.fixture.ts';

type Api = ReturnType<typeof createApi>;

const headers = as('client-1', 'users:write', 'users:admin', 'users:erase');
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

/** Who says to have proven an address is exactly who its claim names. */
async function checkHolders(
  t: ExecutionContext,
  api: Api,
  ids: readonly UserId[],
  claims: ReadonlyMap<string, ClaimRecord>,
): Promise<void> {
  const holders = new Map<string, string[]>();
  for (const userId of ids) {
    const { state, person: loaded } = await api.readPerson(userId);
    const isThere = state.status === 'active' || state.status === 'deactivated';
    if (!isThere || !state.emailVerified || loaded?.data === undefined) continue;
    const subject = subjects.claim(loaded.data.claim);
    holders.set(subject, [...(holders.get(subject) ?? []), userId]);
  }
  for (const [subject, record] of claims) {
    const expected = record.state === 'held' && record.verified ? [record.userId] : [];
    t.deepEqual(holders.get(subject) ?? [], expected, 'claim and accounts differ');
  }
}

type Step = {
  readonly ids: readonly UserId[];
  readonly random: (below: number) => number;
  readonly n: number;
};

/** One random command; a link may be opened for an address that its attempt did not ask for. */
async function runCommand(api: Api, { ids, random, n }: Step) {
  const userId = ids[random(ids.length)] ?? userIdOf(1);
  const email = addresses[random(addresses.length)] ?? '';
  const url = `/v1/users/${userId}`;
  const body = { reasonCode: `r${n}` };
  switch (random(9)) {
    case 0:
      return api.send({ url: `${url}/email-changes`, body: { email }, headers });
    case 1:
      return api.send({ url: `${url}/deactivations`, body, headers });
    case 2:
      return api.send({ url: `${url}/reactivations`, body, headers });
    case 3:
      return api.send({ method: 'PATCH', url, body: { displayName: `Name ${n}` }, headers });
    case 4:
      if (n % 2 === 0) return api.send({ method: 'DELETE', url, headers });
      break;
    case 5:
    case 6:
      return api.prove(userId, email, 'email-change-requested');
    case 7:
    case 8:
      return api.prove(userId, email);
    default:
  }
  return api.post({ ...person, email });
}

const ACCEPTABLE = new Set([201, 202, 404, 409, 410, 503]);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`rivals leave a log without contradictions (seed ${seed})`, async (t) => {
    const random = createRandom(seed);
    const api = createApi(t, { claimLifetimeMs: seed % 2 === 0 ? -1 : 600_000 });
    const ids = await Promise.all(
      Array.from({ length: 6 }, (_, n) => api.register(addresses[n % addresses.length])),
    );
    for (let round = 0; round < 4; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) => runCommand(api, { ids, random, n: round * 10 + n })),
      );
      const records = await readAll(api.log);
      for (const { statusCode, headers, body } of results) {
        t.true(ACCEPTABLE.has(statusCode), body);
        if (statusCode > 202) continue;
        const position = api.positions.open(String(headers['position'])) ?? 0;
        const record = records.find((each) => each.position === position);
        t.is(recordKind(record?.subject ?? ''), 'account');
      }
      t.true(checkVersions(t, records) >= ids.length);
      await checkHolders(t, api, ids, checkClaims(t, records));
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
  checkVersions(t, await readAll(api.log));
});

test('of ten attempts that prove one mailbox at once exactly one has it', async (t) => {
  const api = createApi(t);
  const ids = await Promise.all(Array.from({ length: 10 }, () => api.register()));
  const tokens = await Promise.all(ids.map((userId) => api.issue(userId)));
  const responses = await Promise.all(tokens.map((token) => api.verify(token)));
  t.deepEqual([...new Set(responses.map(({ statusCode }) => statusCode))], [202]);
  const names = await Promise.all(ids.map(api.namesOf));
  t.is(names.filter((each) => each.includes('email-verified')).length, 1);
  t.is(names.filter((each) => each.includes('superseded')).length, 9);
  const records = await readAll(api.log);
  checkVersions(t, records);
  await checkHolders(t, api, ids, checkClaims(t, records));
});

test('who is erased while a replica does not know her claim yet gives it up all the same', async (t) => {
  const memory = createMemoryLog();
  // No replica has come to a claim; the leader has them all.
  const api = createApi(t, { log: { ...memory, readLast: async () => new Map() } });
  const userId = await api.register();
  const erased = await api.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers });
  t.is(erased.statusCode, 202);
  const claims = checkClaims(t, await readAll(memory));
  t.deepEqual([...claims.values()], [{ state: 'released' }]);
});
