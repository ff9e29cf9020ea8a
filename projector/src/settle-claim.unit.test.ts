import { type ClaimRecord, subjects } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, userIdOf } from './accounts.fixture.ts';
import { append } from './eraser.fixture.ts';
import { createRecordingDeletion } from './memory-eraser.fixture.ts';
import { settleClaim } from './settle-claim.ts';

const { signal } = new AbortController();
const subject = subjects.claim(claimOf(1));
const UP_TO = 40;
const held = { state: 'held', userId: userIdOf(1), verified: true } as const;
const released = { state: 'released', by: 'disowning' } as const;

/** A log in which a claim has these records. */
async function createSetup(records: readonly ClaimRecord[], bend?: Partial<EventLog>) {
  const memory = createMemoryLog();
  const write = (record: ClaimRecord, expectedPosition: number) =>
    append(memory, [{ subject, data: JSON.stringify(record), expectedPosition }]);
  for (const [before, record] of records.entries()) await write(record, before);
  const deletion = createRecordingDeletion(memory);
  return {
    memory,
    write,
    deleted: deletion.deleted,
    run: (more = bend) =>
      settleClaim({ log: { ...memory, ...more }, deletion }, { subject, upTo: UP_TO }, signal),
    records: async () =>
      (await memory.readSubject(subject, signal)).map(
        ({ data }) => JSON.parse(Buffer.from(data).toString()) as ClaimRecord,
      ),
  };
}

for (const erasedAt of [1, UP_TO]) {
  test(`a held claim no longer tells of the erasure at ${erasedAt}`, async (t) => {
    const { run, records, deleted } = await createSetup([
      { ...held, verified: false, erasedAt },
      { ...held, erasedAt },
    ]);
    await run();
    t.deepEqual(await records(), [held]);
    t.deepEqual(deleted, [{ subject, upTo: 2 }]);
  });
}

test('leaves what tells of no erasure, of a later one, or is released', async (t) => {
  for (const record of [
    held,
    { ...held, erasedAt: UP_TO + 1 },
    released,
    { ...released, erasedAt: 1 },
  ]) {
    const { memory, run, records, deleted } = await createSetup([record]);
    await run();
    t.deepEqual(await records(), [record]);
    t.deepEqual(deleted, []);
    t.is(await memory.head(signal), 1);
  }
});

test('a claim that is not there is settled', async (t) => {
  const { memory, run } = await createSetup([]);
  await run();
  t.is(await memory.head(signal), 0);
});

test('after a conflict it looks again', async (t) => {
  const { memory, write, run, records } = await createSetup([{ ...held, erasedAt: 1 }]);
  const later = { ...held, userId: userIdOf(2), erasedAt: UP_TO + 1 };
  await run({
    append: async (messages, end) => {
      await write(later, 1);
      return memory.append(messages, end);
    },
  });
  t.deepEqual(await records(), [{ ...held, erasedAt: 1 }, later]);
});

test('what was appended though nobody said so is found', async (t) => {
  const { memory, run, records } = await createSetup([{ ...held, erasedAt: 1 }]);
  await run({
    append: async (messages, end) => {
      await memory.append(messages, end);
      return { status: 'unknown', cause: new Error('silent') };
    },
  });
  t.is(await memory.head(signal), 2);
  t.deepEqual((await records()).at(-1), held);
});

test('a claim that is never left alone, and a log that refuses for good, are faults', async (t) => {
  const cause = new Error('too large');
  for (const outcome of [{ status: 'conflict' }, { status: 'rejected', cause }] as const) {
    const given = { ...held, erasedAt: 1 };
    const { run, records } = await createSetup([given], { append: async () => outcome });
    await t.throwsAsync(run(), { name: 'SettleClaimError' });
    t.deepEqual(await records(), [given]);
  }
});

test('a claim that cannot be read is not passed over', async (t) => {
  const { memory, run } = await createSetup([]);
  await append(memory, [{ subject, data: '{"state":"lent"}', expectedPosition: 0 }]);
  await t.throwsAsync(run(), { name: 'UnreadableRecordError' });
});
