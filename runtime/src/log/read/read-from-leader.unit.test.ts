import test from 'ava';
import { waitUntil } from '../../testing/wait.ts';
import type { TimedRecord } from '../event-log.ts';
import { type ReadNext, readFromLeader } from './read-from-leader.ts';

const { signal } = new AbortController();
const wide = { maxRecords: 100, maxBytes: 1e6 };

const recordAt = (position: number): TimedRecord => ({
  subject: `zameni.account.${position}`,
  position,
  time: `${position}`,
  data: Buffer.from('{}'),
  traceparent: undefined,
});

test('yields each record in order, new ones too, and ends after its time', async (t) => {
  const records = [1, 2, 4].map(recordAt);
  const readNext: ReadNext = async (_filter, after) =>
    records.find(({ position }) => position > after);
  const options = { filter: 'zameni.>', after: 1, forMs: 2_000, ...wide };
  const seen: number[] = [];
  for await (const batch of readFromLeader(readNext, options, signal)) {
    seen.push(...batch.map(({ position }) => position));
    if (seen.at(-1) === 4) setTimeout(() => records.push(recordAt(7)), 30);
  }
  t.deepEqual(seen, [2, 4, 7]);
});

test('a batch has its bounds, and one record at least', async (t) => {
  const readNext: ReadNext = async (_filter, after) => recordAt(after + 1);
  const sizeOf = async (bounds: typeof wide) => {
    const options = { filter: 'zameni.>', after: 0, forMs: 5_000, ...bounds };
    const { value } = await readFromLeader(readNext, options, signal).next();
    return value?.length;
  };
  // A process that stalls gathers fewer in the time of a batch.
  await waitUntil(async () => {
    const size = await sizeOf({ ...wide, maxRecords: 3 });
    t.true(size !== undefined && size <= 3, `${size} records`);
    return size === 3;
  });
  t.is(await sizeOf({ ...wide, maxBytes: 1 }), 1);
});

test('a leader that does not answer ends it with the failure', async (t) => {
  const options = { filter: 'zameni.>', after: 0, forMs: 5_000, ...wide };
  const away = () => Promise.reject(new Error('away'));
  await t.throwsAsync(() => readFromLeader(away, options, signal).next(), { message: 'away' });
});
