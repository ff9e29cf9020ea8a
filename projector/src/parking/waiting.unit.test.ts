import type { LogRecord } from '@zameni/runtime';
import test from 'ava';
import { createWaitingReader } from './waiting.ts';

const { signal } = new AbortController();
const subject = 'zameni.account.a';
const at = (position: number): LogRecord => {
  return { subject, position, data: Buffer.from('{}'), traceparent: undefined };
};

/** Replicas that answer in turn, each with the records that it shows. */
function create(...replicas: readonly (readonly number[])[]) {
  let asked = 0;
  const read = createWaitingReader({
    log: {
      readSubject: async () => {
        const replica = replicas[Math.min(asked, replicas.length - 1)] ?? [];
        asked += 1;
        return replica.map(at);
      },
    },
    store: { readDiscarded: async () => new Set([5]) },
  });
  return async () =>
    (await read({ subject, from: 3, before: 8 }, signal)).map(({ position }) => position);
}

test('reads from the park to before the later record, without what is discarded', async (t) => {
  t.deepEqual(await create([1, 3, 5, 6, 8, 9])(), [3, 6]);
});

test('asks again while a replica does not show the later record', async (t) => {
  t.deepEqual(await create([1, 3], [], [1, 3, 4, 8])(), [3, 4]);
});

test('gives up when the replicas stay behind, rather than to lose what waits', async (t) => {
  await t.throwsAsync(create([1, 3])(), { message: /behind/ });
});
