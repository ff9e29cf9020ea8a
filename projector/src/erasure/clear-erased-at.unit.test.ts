import { type ClaimRecord, parseClaimRecord, subjects } from '@zameni/contracts';
import type { AppendOutcome, EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, userIdOf } from '../accounts.fixture.ts';
import { clearErasedAt } from './clear-erased-at.ts';

const { signal } = new AbortController();
const subject = subjects.claim(claimOf(1));
const held: ClaimRecord = { state: 'held', userId: userIdOf(1), verified: true };
const NOW = new Date('2026-11-26T09:00:00.000Z');
const erased: ClaimRecord = { state: 'released', by: 'erasure' };
/** The erasure lies at 1, and the record after it repeats that position. */
const repeating = [erased, { ...held, erasedAt: 1 }] as const;

/** A log with the records of one claim. */
async function createLog(...records: readonly (ClaimRecord | string)[]) {
  const log = createMemoryLog();
  for (const [expectedPosition, record] of records.entries()) {
    const data = typeof record === 'string' ? record : JSON.stringify(record);
    await log.append([{ subject, data, expectedPosition }], signal);
  }
  return log;
}

type Log = Awaited<ReturnType<typeof createLog>>;

const clear = (memory: Log, upTo: number, log: EventLog = memory) =>
  clearErasedAt({ log, deletion: memory, now: () => NOW }, { subject, upTo }, signal);

async function claimsOf(log: Log): Promise<unknown[]> {
  const records = await log.readSubject(subject, signal);
  return records.map(({ data }) => parseClaimRecord(data));
}

/** A log with one method that behaves differently on its first call. */
function once<Name extends 'append' | 'readLastFromLeader'>(
  log: Log,
  name: Name,
  other: () => ReturnType<EventLog[Name]>,
): EventLog {
  let isFirst = true;
  const call = (...about: never[]) => {
    if (!isFirst) return Reflect.apply(log[name], undefined, about);
    isFirst = false;
    return other();
  };
  return { ...log, [name]: call };
}

test('removes the erasure from a claim that is held again', async (t) => {
  const log = await createLog(...repeating);
  await clear(log, 1);
  t.deepEqual(await claimsOf(log), [held]);
  await clear(log, 1);
  t.is(await log.head(signal), 3, 'once is enough');
});

test('a claim that is reserved keeps its end, with an hour of grace', async (t) => {
  const reserved = { ...held, until: '2026-11-26T10:00:00.000Z' };
  const log = await createLog(erased, { ...reserved, erasedAt: 1 });
  const ends: (number | undefined)[] = [];
  const append: EventLog['append'] = (messages, aborted) => {
    ends.push(...messages.map(({ ttlSeconds }) => ttlSeconds));
    return log.append(messages, aborted);
  };
  await clear(log, 1, { ...log, append });
  t.deepEqual(await claimsOf(log), [reserved]);
  t.deepEqual(ends, [7_200]);
});

test('keeps a later erasure, which has a deletion record of its own', async (t) => {
  const log = await createLog(...repeating);
  await clear(log, 0);
  t.deepEqual(await claimsOf(log), [...repeating]);
});

for (const [name, record] of [
  ['is held and knows of no erasure', held],
  ['was released again', { state: 'released', by: 'email-change', erasedAt: 1 }],
] as const) {
  test(`a claim that ${name} is left alone`, async (t) => {
    const log = await createLog(erased, record);
    await clear(log, 1);
    t.deepEqual(await claimsOf(log), [erased, record]);
  });
}

test('a claim without a record needs no change', async (t) => {
  const log = await createLog(erased);
  await log.deleteUpTo(subject, 1, signal);
  await clear(log, 1);
  t.is(await log.head(signal), 1);
});

test('does not trust a former leader', async (t) => {
  for (const isThere of [true, false]) {
    const log = await createLog(...repeating);
    const before = await log.readFirst(subject, signal);
    const stale = once(log, 'readLastFromLeader', async () => (isThere ? before : undefined));
    const head = once(log, 'readLastFromLeader', async () => undefined);
    await clear(log, 1, isThere ? stale : { ...head, head: async () => 0 });
    t.deepEqual(await claimsOf(log), [held], isThere ? 'what is deleted' : 'nothing');
  }
});

test('tries again after a conflict', async (t) => {
  const log = await createLog(...repeating);
  const proven = { ...held, userId: userIdOf(2), erasedAt: 1 };
  const racing = once(log, 'append', async (): Promise<AppendOutcome> => {
    const data = JSON.stringify(proven);
    await log.append([{ subject, data, expectedPosition: 2 }], signal);
    return { status: 'conflict' };
  });
  await clear(log, 1, racing);
  t.deepEqual(await claimsOf(log), [{ ...held, userId: userIdOf(2) }]);
});

test('finds an append whose answer was lost', async (t) => {
  const log = await createLog(...repeating);
  const lost = once(log, 'append', async (): Promise<AppendOutcome> => {
    await log.append([{ subject, data: JSON.stringify(held), expectedPosition: 2 }], signal);
    return { status: 'unknown', cause: new Error('no answer') };
  });
  await clear(log, 1, lost);
  t.deepEqual((await claimsOf(log)).at(-1), held);
});

test('an unreadable record and a log that refuses are faults', async (t) => {
  const broken = await createLog(erased, '{"state":"lent"}');
  await t.throwsAsync(clear(broken, 1), { name: 'UnreadableRecordError' });
  const memory = await createLog(...repeating);
  const refusing: EventLog = {
    ...memory,
    append: async () => ({ status: 'rejected', cause: new Error('no') }),
  };
  await t.throwsAsync(clear(memory, 1, refusing), { name: 'ReplaceError' });
  const busy: EventLog = { ...memory, append: async () => ({ status: 'busy' }) };
  await t.throwsAsync(clear(memory, 1, busy), { message: /again and again/ });
});
