import test from 'ava';
import type { EventLog } from '../event-log.ts';
import { createMemoryLog } from '../memory.ts';
import { readToProvenEnd } from './read-to-proven-end.ts';
import { LogReadError } from './reader.ts';

const { signal } = new AbortController();

async function createLog() {
  const memory = createMemoryLog();
  const append = async (subject: string) => {
    await memory.append([{ subject, data: '{}', expectedPosition: 0 }], signal);
  };
  for (const subject of ['a.1', 'b.1', 'a.2', 'a.3']) await append(subject);
  return { memory, append };
}

async function positionsIn(log: EventLog, markFilter?: string) {
  let marks = 0;
  const what = { filter: 'a.*', after: 0, maxRecords: 2 };
  const mark = () => {
    marks += 1;
    const subject = markFilter === undefined ? `a.mark-${marks}` : `m.mark-${marks}`;
    return [
      { subject, data: '{}', expectedPosition: 0 },
      { subject: `c.mark-${marks}`, data: '{}', expectedPosition: 0 },
    ];
  };
  const options = markFilter === undefined ? { ...what, mark } : { ...what, mark, markFilter };
  const positions: number[] = [];
  for await (const batch of readToProvenEnd(log, options, signal)) {
    positions.push(...batch.map(({ position }) => position));
  }
  return { positions, marks };
}

test('reads everything, and no mark', async (t) => {
  const { memory } = await createLog();
  t.deepEqual(await positionsIn(memory), { positions: [1, 3, 4], marks: 1 });
});

test('a former leader that says that there is no more is not believed', async (t) => {
  const { memory } = await createLog();
  const readFirst: EventLog['readFirst'] = async (subject, end, after = 0) =>
    after >= 3 ? undefined : memory.readFirst(subject, end, after);
  const stale = { ...memory, head: async () => 3, readFirst };
  t.deepEqual((await positionsIn(stale)).positions, [1, 3, 4]);
  t.deepEqual((await positionsIn({ ...stale, head: async () => 0 }, 'm.*')).positions.length, 4);
});

test('a mark that is deleted before it is read is followed by another', async (t) => {
  const { memory } = await createLog();
  let isQuick = true;
  const log: EventLog = {
    ...memory,
    append: async (messages, end) => {
      const outcome = await memory.append(messages, end);
      if (!isQuick || outcome.status !== 'appended') return outcome;
      isQuick = false;
      for (const { subject } of messages) {
        await memory.deleteUpTo(subject, outcome.lastPosition, end);
      }
      return outcome;
    },
  };
  t.deepEqual(await positionsIn(log), { positions: [1, 3, 4], marks: 2 });
});

test('without an acknowledged mark nothing is proved', async (t) => {
  const { memory } = await createLog();
  const append: EventLog['append'] = async () => ({ status: 'unknown', cause: new Error('away') });
  await t.throwsAsync(positionsIn({ ...memory, append }), { instanceOf: LogReadError });
});
