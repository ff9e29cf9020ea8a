import type { EventLog } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createKeyFeed, type KeyFeed } from './key-feed.ts';

const { signal } = new AbortController();

type Started = { readonly feed: KeyFeed; readonly taken: number[] };

function start(
  t: ExecutionContext,
  log: Pick<EventLog, 'readBatches'>,
  { from = 0, waitMs = 10_000 } = {},
): Started {
  const taken: number[] = [];
  const feed = createKeyFeed(
    { log, take: ({ position }) => void taken.push(position), logger: createSilentLogger() },
    { from, signal, waitMs },
  );
  t.teardown(() => feed[Symbol.asyncDispose]());
  return { feed, taken };
}

/** Appends a record for each word: a key, or one that is none. */
async function append(log: EventLog, ...kinds: readonly ('key' | 'account')[]): Promise<void> {
  const from = await log.head(signal);
  for (const [index, kind] of kinds.entries()) {
    const subject = `zameni.${kind}.${from + index}`;
    await log.append([{ subject, data: '{}', expectedPosition: 0 }], signal);
  }
}

test('takes every key in front of a position and no other record', async (t) => {
  const log = createMemoryLog();
  await append(log, 'account', 'key', 'account', 'key', 'key', 'account');
  const { feed, taken } = start(t, log, { from: 1 });
  await feed.readUpTo(5);
  t.deepEqual(taken, [2, 4, 5]);
});

test('waits for keys that come a little later', async (t) => {
  const log = createMemoryLog();
  const { feed, taken } = start(t, log);
  const reading = feed.readUpTo(1);
  await append(log, 'key');
  await reading;
  t.deepEqual(taken, [1]);
});

test('reads on where it was', async (t) => {
  const log = createMemoryLog();
  let opened = 0;
  const { feed, taken } = start(t, {
    readBatches: (...options) => {
      opened += 1;
      return log.readBatches(...options);
    },
  });
  for (const position of [1, 2, 3]) {
    await append(log, 'key');
    await feed.readUpTo(position);
  }
  t.deepEqual(taken, [1, 2, 3]);
  t.is(opened, 1);
});

test('begins again behind what it waited for in vain, and not at once', async (t) => {
  const log = createMemoryLog();
  const after: number[] = [];
  const watched: Pick<EventLog, 'readBatches'> = {
    readBatches: (options, end) => {
      after.push(options.after);
      return log.readBatches(options, end);
    },
  };
  const { feed, taken } = start(t, watched, { waitMs: 10 });
  await append(log, 'account', 'account');
  for (const position of [1, 2]) await feed.readUpTo(position);
  await append(log, 'key');
  for (let position = 3; taken.length === 0; position += 1) {
    await feed.readUpTo(position);
    await append(log, 'account', 'key');
  }
  t.is(after[0], 0);
  t.true(after.slice(1).every((position, index) => position > (after[index] ?? 0)));
  t.true((taken[0] ?? 0) > (after.at(-1) ?? 0));
});

test('a log that cannot be read is no fault, and is read again later', async (t) => {
  const log = createMemoryLog();
  const failures = [new Error('silent')];
  const { feed, taken } = start(t, {
    readBatches: (...options) => {
      const failure = failures.pop();
      if (failure === undefined) return log.readBatches(...options);
      return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) };
    },
  });
  await append(log, 'key');
  await feed.readUpTo(1);
  t.deepEqual(taken, []);
  for (let position = 2; taken.length === 0; position += 1) {
    await append(log, 'key');
    await feed.readUpTo(position);
  }
  t.true(taken.every((position) => position > 1));
});
