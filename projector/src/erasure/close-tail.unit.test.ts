import { parseDeletionRecord, subjects } from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { createCloseTail } from './close-tail.ts';

const { signal } = new AbortController();

async function setUp({ covered }: { readonly covered: number }) {
  const log = createMemoryLog();
  for (const id of ['a', 'b', 'c']) {
    await log.append([{ subject: subjects.mailWish(id), data: '', expectedPosition: 0 }], signal);
  }
  const shared = { covered };
  const store = { readCoveredPosition: async () => shared.covered };
  return { log, shared, store, closeTail: createCloseTail({ log, store }) };
}

test('an expired tail gets an empty deletion record behind it, once', async (t) => {
  const { log, shared, closeTail } = await setUp({ covered: 1 });
  await log.deleteUpTo(subjects.mailWish('b'), 2, signal);
  await log.deleteUpTo(subjects.mailWish('c'), 3, signal);
  await closeTail(signal);
  await closeTail(signal);
  t.is(await log.head(signal), 4);
  const record = await log.readAt(4, signal);
  t.deepEqual(record && parseDeletionRecord(record.data), {
    claims: [],
    people: [],
    attempts: [],
    addresses: [],
  });
  // The eraser has deleted it, and everything is covered.
  await log.deleteUpTo(record?.subject ?? '', 4, signal);
  shared.covered = 4;
  await closeTail(signal);
  t.is(await log.head(signal), 4);
});

test('nothing is appended while the projection has something to read, or all is read', async (t) => {
  const { log, shared, closeTail } = await setUp({ covered: 1 });
  await log.deleteUpTo(subjects.mailWish('b'), 2, signal);
  await closeTail(signal);
  shared.covered = 3;
  await closeTail(signal);
  t.is(await log.head(signal), 3);
});

test('a log that is away does not stop the eraser', async (t) => {
  const { log, store } = await setUp({ covered: 1 });
  const away = async () => Promise.reject(new Error('away'));
  await t.notThrowsAsync(createCloseTail({ log: { ...log, head: away }, store })(signal));
});
