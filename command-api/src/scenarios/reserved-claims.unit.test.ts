import {
  parseClaimRecord,
  parseDeletionRecord,
  parseFarewell,
  parseOrThrow,
  recordKind,
  subjects,
} from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { readAll, signal } from '../log/log.fixture.ts';
import { createApi, operator, person } from '../testing/api.fixture.ts';

const email = 'vera@example.net';
const isChange = { email, name: 'email-change-requested' } as const;

test('a former claim is reserved behind the deletion record that has its older records deleted', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await api.send({ url: `/v1/users/${userId}/email-changes`, body: { email }, headers: operator });
  const before = await api.head();
  t.is((await api.confirm(userId, isChange)).statusCode, 202);
  const records = (await readAll(api.log)).filter(({ position }) => position > before);
  t.deepEqual(
    records.map(({ subject }) => recordKind(subject)),
    ['claim', 'deletion', 'claim', 'account'],
  );
  const [taken, deletion, reserved, event] = records;
  if (!taken || !deletion || !reserved || !event) return t.fail();
  t.like(parseOrThrow(parseClaimRecord, taken), { state: 'held', userId, verified: true });
  const former = api.claimOf(person.email);
  t.deepEqual(parseOrThrow(parseDeletionRecord, deletion), {
    claims: [former],
    people: [],
    attempts: [],
    addresses: [],
  });
  const { until, ...rest } = { until: '', ...parseOrThrow(parseClaimRecord, reserved) };
  t.deepEqual(rest, { state: 'held', userId: String(userId), verified: true });
  t.true(reserved.subject.endsWith(former));
  const leftMs = Date.parse(until) - Date.now();
  t.true(leftMs > 71 * 3_600_000 && leftMs <= 72 * 3_600_000);
});

/** A person who has changed their address, and the records that their erasure appends. */
async function eraseAfterChange(t: ExecutionContext, isOver: boolean) {
  const api = createApi(t);
  const userId = await api.join();
  await api.send({ url: `/v1/users/${userId}/email-changes`, body: { email }, headers: operator });
  t.is((await api.confirm(userId, isChange)).statusCode, 202);
  if (isOver) {
    const subject = subjects.claim(api.claimOf(person.email));
    const last = await api.log.readLastFromLeader(subject, signal);
    const record = { state: 'held', userId, verified: true, until: '2026-01-01T00:00:00.000Z' };
    const expectedPosition = last?.position ?? 0;
    await api.log.append([{ subject, data: JSON.stringify(record), expectedPosition }], signal);
  }
  const before = await api.head();
  const erasure = { method: 'DELETE', url: `/v1/users/${userId}`, headers: operator } as const;
  t.is((await api.send(erasure)).statusCode, 202);
  const records = (await readAll(api.log)).filter(({ position }) => position > before);
  return { api, userId, records };
}

test('an erasure tells the former mailbox too, in a record of its own', async (t) => {
  const { api, userId, records } = await eraseAfterChange(t, false);
  t.deepEqual(
    records.map(({ subject }) => recordKind(subject)),
    ['claim', 'claim', 'deletion', 'farewell', 'farewell', 'account'],
  );
  const farewells = records.filter(({ subject }) => recordKind(subject) === 'farewell');
  const opened = farewells.map((record) => {
    const farewell = parseOrThrow(parseFarewell, record);
    const id = record.subject.slice(subjects.farewell('').length);
    return { of: farewell.userId ?? id, to: api.attemptKeys.openFarewell(id, farewell) };
  });
  t.deepEqual(opened, [
    { of: userId, to: email },
    { of: userId, to: person.email },
  ]);
  const ids = new Set(farewells.map(({ subject }) => subject));
  t.is(ids.size, 2);
});

test('an erasure gives up a former address whose time is over while the log has its record', async (t) => {
  const { api, records } = await eraseAfterChange(t, true);
  const deletion = records.find(({ subject }) => recordKind(subject) === 'deletion');
  if (deletion === undefined) return t.fail();
  t.deepEqual(parseOrThrow(parseDeletionRecord, deletion).claims, [
    api.claimOf(email),
    api.claimOf(person.email),
  ]);
  const farewells = records.filter(({ subject }) => recordKind(subject) === 'farewell');
  t.is(farewells.length, 1, 'who has the mailbox has lost nothing');
});
