import type { EventLog } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createKeyFeed } from './key-feed.ts';

const { signal } = new AbortController();

type Started = {
  /** The positions of the keys that were taken. */
  readonly taken: number[];
  /** Reads on for an event whose key lies right before it. */
  readonly readFor: (position: number) => Promise<void>;
};

function start(
  t: ExecutionContext,
  log: Pick<EventLog, 'readBatches'>,
  { from = 0, waitMs = 60_000 } = {},
): Started {
  t.timeout(5_000, 'waited for keys that are there or have come by');
  const taken: number[] = [];
  const feed = createKeyFeed(
    { log, take: ({ position }) => void taken.push(position), logger: createSilentLogger() },
    { from, signal, waitMs },
  );
  t.teardown(() => feed[Symbol.asyncDispose]());
  return {
    taken,
    readFor: (position) => feed.readUpTo(position, () => taken.includes(position - 1)),
  };
}

/** Appends a record for each word: a key, or one that is none. */
async function append(log: EventLog, ...kinds: readonly ('key' | 'account')[]): Promise<void> {
  const from = await log.head(signal);
  for (const [index, kind] of kinds.entries()) {
    const subject = `zameni.${kind}.${from + index}`;
    await log.append([{ subject, data: '{}', expectedPosition: 0 }], signal);
  }
}

test('keys are taken until the one in question is there, without waiting for more', async (t) => {
  const log = createMemoryLog();
  await append(log, 'account', 'key', 'account', 'key', 'key', 'account');
  const { readFor, taken } = start(t, log, { from: 1 });
  await readFor(6);
  t.deepEqual(taken, [2, 4, 5]);
});

test('a key that is not where it was is not waited for once later ones have come by', async (t) => {
  const log = createMemoryLog();
  await append(log, 'account', 'account', 'key');
  const { readFor, taken } = start(t, log);
  await readFor(2);
  t.deepEqual(taken, [3]);
});

test('a key that comes a little later is waited for', async (t) => {
  const log = createMemoryLog();
  const { readFor, taken } = start(t, log);
  const reading = readFor(2);
  await append(log, 'key');
  await reading;
  t.deepEqual(taken, [1]);
});

test('one reader serves event after event', async (t) => {
  const log = createMemoryLog();
  let opened = 0;
  const watched: Pick<EventLog, 'readBatches'> = {
    readBatches: (...options) => {
      opened += 1;
      return log.readBatches(...options);
    },
  };
  const { readFor, taken } = start(t, watched);
  for (const position of [2, 4, 6]) {
    await append(log, 'key', 'account');
    await readFor(position);
  }
  t.deepEqual(taken, [1, 3, 5]);
  t.is(opened, 1);
});

test('begins again behind what it waited for in vain, and not at every event', async (t) => {
  const log = createMemoryLog();
  const after: number[] = [];
  const watched: Pick<EventLog, 'readBatches'> = {
    readBatches: (options, end) => {
      after.push(options.after);
      return log.readBatches(options, end);
    },
  };
  const { readFor, taken } = start(t, watched, { waitMs: 10 });
  await append(log, ...Array.from({ length: 20 }, () => 'account' as const));
  for (let position = 1; position <= 20; position += 1) await readFor(position);
  t.true(after.length < 20);
  await append(log, 'key');
  for (let position = 21; taken.length === 0; position += 1) {
    await readFor(position);
    await append(log, 'account', 'key');
  }
  t.is(after[0], 0);
  t.true(after.slice(1).every((position, index) => position > (after[index] ?? 0)));
  t.true((taken[0] ?? 0) > (after.at(-1) ?? 0));
});

test('a log that cannot be read is no fault, and is read again later', async (t) => {
  const log = createMemoryLog();
  const failures = [new Error('silent')];
  const { readFor, taken } = start(t, {
    readBatches: (...options) => {
      const failure = failures.pop();
      if (failure === undefined) return log.readBatches(...options);
      return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) };
    },
  });
  await append(log, 'key');
  await readFor(2);
  t.deepEqual(taken, []);
  for (let position = 2; taken.length === 0; position += 1) {
    await append(log, 'key');
    await readFor(position);
  }
  t.true(taken.every((position) => position > 1));
});
