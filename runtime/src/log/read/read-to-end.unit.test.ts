import test from 'ava';
import type { EventLog } from '../event-log.ts';
import { createMemoryLog } from '../memory.ts';
import { readToEnd } from './read-to-end.ts';
import { LogReadError } from './reader.ts';

const { signal } = new AbortController();
const what = { filter: 'a.*', after: 0, maxRecords: 2 };

/** A log with five records whose reader fails each time it is started. */
async function createBreakingLog(gives: 'a record' | 'nothing') {
  const memory = createMemoryLog();
  for (let n = 1; n <= 5; n += 1) {
    await memory.append([{ subject: `a.${n}`, data: '{}', expectedPosition: 0 }], signal);
  }
  const begun: number[] = [];
  const log: Pick<EventLog, 'readBatches' | 'readFirst' | 'head'> = {
    ...memory,
    readBatches: async function* readBatches(options, end) {
      begun.push(options.after);
      if (gives === 'a record') {
        for await (const batch of memory.readBatches({ ...options, maxRecords: 1 }, end)) {
          yield batch;
          break;
        }
      }
      throw new LogReadError('the log went silent');
    },
  };
  return { log, begun };
}

async function positionsIn(log: Pick<EventLog, 'readBatches' | 'readFirst' | 'head'>) {
  const positions: number[] = [];
  for await (const batch of readToEnd(log, what, signal)) {
    positions.push(...batch.map(({ position }) => position));
  }
  return positions;
}

test('a reader that fails repeatedly starts again after the last record read', async (t) => {
  const { log, begun } = await createBreakingLog('a record');
  t.deepEqual(await positionsIn(log), [1, 2, 3, 4, 5]);
  t.deepEqual(begun, [0, 1, 2, 3, 4]);
});

test('a reader that never yields a record is a fault', async (t) => {
  const { log, begun } = await createBreakingLog('nothing');
  await t.throwsAsync(positionsIn(log), { instanceOf: LogReadError });
  t.is(begun.length, 5);
});
