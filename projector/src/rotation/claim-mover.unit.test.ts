import { decodeText, subjects } from '@zameni/contracts';
import {
  type ClaimLayers,
  type ClaimPhase,
  type EventLog,
  type LogRecord,
  toClaimLayers,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { moveClaims } from './claim-mover.ts';

const signal = AbortSignal.timeout(60_000);
const keys = new Map(['1', '2'].map((id) => [id, Buffer.alloc(32, Number(id))]));
const held = '{"state":"held","userId":"d2b5f0a4-1c1e-4d2a-9d0c-0a4b8f2f6c11","verified":true}';
const NOW = new Date('2026-11-26T09:00:00.000Z');
const reserved = held.replace('}', ',"until":"2026-11-26T10:00:00.000Z"}');
const released = '{"state":"released","by":"erasure"}';
const oldOf = (n: number) => subjects.claim(`claim-${n}`);

function layersIn(phase: ClaimPhase): ClaimLayers {
  const layers = toClaimLayers({ current: '1', keys, layers: ['1', '2'], phase });
  if (layers === undefined) throw new Error('a rotation is under way');
  return layers;
}

const copying = layersIn('copy');
const newOf = (n: number) => copying.toNew(oldOf(n)) ?? '';

/** A log with one claim in the old layer for each text. */
async function createLog(...texts: readonly string[]) {
  const memory = createMemoryLog();
  for (const [n, data] of texts.entries()) {
    await memory.append([{ subject: oldOf(n), data, expectedPosition: 0 }], signal);
  }
  const subjectsOf = (all: readonly string[]) => all.flatMap((_, n) => [oldOf(n), newOf(n)]);
  const textOf = async (subject: string) => {
    const record = await memory.readLastFromLeader(subject, signal);
    return record && decodeText(record.data);
  };
  const records = async (): Promise<LogRecord[]> =>
    (await Promise.all(subjectsOf(texts).map((name) => memory.readSubject(name, signal)))).flat();
  const unreadable: number[] = [];
  const move = async (layers: ClaimLayers, log: EventLog = memory) =>
    moveClaims(
      { log, deletion: memory, now: () => NOW },
      { layers, records: await records(), onUnreadable: (at) => unreadable.push(at) },
      signal,
    );
  return { memory, textOf, records, move, unreadable };
}

test('copies a held claim but no released one, which counts until it is deleted', async (t) => {
  const { memory, textOf, move } = await createLog(held, released, held);
  t.is(await move(copying), 3);
  t.is(await textOf(newOf(0)), held);
  t.is(await textOf(newOf(1)), undefined);
  t.is(await textOf(newOf(2)), held);
  const head = await memory.head(signal);
  t.is(await move(copying), 1, 'all that is held is copied');
  t.is(await memory.head(signal), head);
  await memory.deleteUpTo(oldOf(1), Number.MAX_SAFE_INTEGER, signal);
  t.is(await move(copying), 0, 'the eraser was there');
});

test('does not copy a claim with an erasure, which counts until it is cleared', async (t) => {
  const knowing = held.replace('}', ',"erasedAt":1}');
  const { memory, textOf, move } = await createLog(knowing);
  t.is(await move(copying), 1);
  t.is(await textOf(newOf(0)), undefined);
  // A registration during the rotation writes to both layers.
  for (const [subject, expectedPosition] of [
    [oldOf(0), 1],
    [newOf(0), 0],
  ] as const) {
    await memory.append([{ subject, data: knowing, expectedPosition }], signal);
  }
  t.is(await move(copying), 1);
  await memory.append([{ subject: oldOf(0), data: held, expectedPosition: 2 }], signal);
  t.is(await move(copying), 1);
  t.is(await textOf(newOf(0)), held);
  t.is((await memory.readSubject(newOf(0), signal)).length, 1, 'nothing knows of it any more');
  t.is(await move(copying), 0);
});

test('a claim that is released in both layers needs no work', async (t) => {
  const { memory, move } = await createLog(released);
  await memory.append([{ subject: newOf(0), data: released, expectedPosition: 0 }], signal);
  t.is(await move(copying), 0);
  t.is(await memory.head(signal), 2);
});

test('leaves a released claim to the eraser in the last phase too', async (t) => {
  const { memory, textOf, move } = await createLog(held, released);
  t.is(await move(layersIn('delete')), 1);
  t.deepEqual(await memory.readSubject(oldOf(0), signal), []);
  t.is(await textOf(oldOf(1)), released);
  t.is(await move(layersIn('delete')), 0);
});

test('copies a claim again that was later written to the old layer only', async (t) => {
  const { memory, textOf, move } = await createLog(held);
  await move(copying);
  const later = held.replace('true', 'false');
  await memory.append([{ subject: oldOf(0), data: later, expectedPosition: 2 }], signal);
  t.is(await move(copying), 1);
  t.is(await textOf(newOf(0)), later);
});

test('a copy does not restore a claim that is released and deleted in between', async (t) => {
  const { memory, textOf, move } = await createLog(held);
  const log: EventLog = {
    ...memory,
    append: async (...append) => {
      const both = [oldOf(0), newOf(0)];
      for (const subject of both) {
        const expectedPosition = (await memory.readLastFromLeader(subject, signal))?.position ?? 0;
        await memory.append([{ subject, data: released, expectedPosition }], signal);
        await memory.deleteUpTo(subject, Number.MAX_SAFE_INTEGER, signal);
      }
      return memory.append(...append);
    },
  };
  t.is(await move(copying, log), 1);
  t.is(await textOf(oldOf(0)), undefined);
  t.is(await textOf(newOf(0)), undefined);
});

test('one claim with constant conflicts delays no other', async (t) => {
  const { memory, textOf, move } = await createLog(...Array.from({ length: 9 }, () => held));
  const log: EventLog = {
    ...memory,
    append: async (messages, aborted) =>
      messages.some(({ subject }) => subject === newOf(4))
        ? { status: 'conflict' }
        : memory.append(messages, aborted),
  };
  t.is(await move(copying, log), 9);
  for (const n of [0, 1, 2, 3, 5, 6, 7, 8]) t.is(await textOf(newOf(n)), held);
  t.is(await textOf(newOf(4)), undefined);
  t.is(await move(copying, log), 1, 'it is still to be done');
});

test('a stale replica only causes a claim to be examined again', async (t) => {
  const { memory, textOf, move } = await createLog(held);
  await move(copying);
  const lagging: EventLog = { ...memory, readLast: async () => new Map() };
  t.is(await move(copying, lagging), 1);
  t.is(await memory.head(signal), 3);
  t.is(await textOf(newOf(0)), held);
});

test('a log that refuses a copy for good is a fault', async (t) => {
  const { memory, move } = await createLog(held, held);
  const cause = new Error('full');
  const log: EventLog = { ...memory, append: async () => ({ status: 'rejected', cause }) };
  await t.throwsAsync(move(copying, log), { is: cause });
});

test('deletes every held claim of the old layer in the last phase', async (t) => {
  const { memory, textOf, move } = await createLog(held, held);
  await move(copying);
  t.is(await move(layersIn('delete')), 2);
  for (const n of [0, 1]) {
    t.deepEqual(await memory.readSubject(oldOf(n), signal), []);
    t.is(await textOf(newOf(n)), held);
  }
  t.is(await move(layersIn('delete')), 0);
});

test('moves nothing in the other phases', async (t) => {
  const { memory, move } = await createLog(held);
  for (const phase of ['release-both', 'write-both', 'believe-new', 'retire'] as const) {
    t.is(await move(layersIn(phase)), 0);
  }
  t.is(await memory.head(signal), 1);
});

test('a claim of a later version is reported and stays, and the others are moved', async (t) => {
  const { move, textOf, unreadable } = await createLog(held, '{"state":"lent"}', held);
  t.is(await move(copying), 2);
  t.deepEqual(unreadable, [2]);
  for (const n of [0, 2]) t.is(await textOf(newOf(n)), held);
  t.is(await textOf(newOf(1)), undefined);
});

test('a claim is copied with the fields of a later version', async (t) => {
  const next = held.replace('}', ',"since":"2027-01-01"}');
  const { move, textOf } = await createLog(next);
  t.is(await move(copying), 1);
  t.is(await textOf(newOf(0)), next);
});

test('a claim that is reserved keeps its end in both layers', async (t) => {
  const { memory, textOf, move } = await createLog(reserved, held);
  const ends = new Map<string, number | undefined>();
  const log: EventLog = {
    ...memory,
    append: async (messages, aborted) => {
      for (const { subject, ttlSeconds } of messages) ends.set(subject, ttlSeconds);
      return memory.append(messages, aborted);
    },
  };
  t.is(await move(copying, log), 2);
  t.is(await textOf(newOf(0)), reserved);
  // An hour of grace after the instant.
  t.deepEqual(
    [oldOf(0), newOf(0), oldOf(1), newOf(1)].map((subject) => ends.get(subject)),
    [7_200, 7_200, undefined, undefined],
  );
});
