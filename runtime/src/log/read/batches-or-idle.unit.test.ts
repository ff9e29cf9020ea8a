import test from 'ava';
import { batchesOrIdle } from './batches-or-idle.ts';

test('yields what is read, and undefined when nothing came', async (t) => {
  const ready = Promise.withResolvers<number>();
  const seen: (number | undefined)[] = [];
  const read = async function* () {
    yield 1;
    yield await ready.promise;
  };
  for await (const batch of batchesOrIdle(read, 5, new AbortController().signal)) {
    seen.push(batch);
    if (batch === undefined) ready.resolve(2);
  }
  t.is(seen.at(0), 1);
  t.true(seen.slice(1, -1).length > 0 && seen.slice(1, -1).every((batch) => batch === undefined));
  t.is(seen.at(-1), 2);
});

test('ends the read when its consumer leaves', async (t) => {
  let hasEnded = false;
  const read = async function* (signal: AbortSignal) {
    try {
      while (!signal.aborted) yield 1;
    } finally {
      hasEnded = true;
    }
  };
  for await (const batch of batchesOrIdle(read, 1_000, new AbortController().signal)) {
    t.is(batch, 1);
    break;
  }
  t.true(hasEnded);
});

test('a failed read rejects the next batch', async (t) => {
  const read = async function* () {
    yield 1;
    throw new TypeError('away');
  };
  const batches = batchesOrIdle(read, 1_000, new AbortController().signal);
  t.is((await batches.next()).value, 1);
  await t.throwsAsync(batches.next(), { instanceOf: TypeError });
});

test('an idle wait leaves nothing behind on the read that is pending', async (t) => {
  let reactions = 0;
  const { promise, resolve } = Promise.withResolvers<IteratorResult<number>>();
  const count: typeof promise.then = (...handlers) => {
    reactions += 1;
    return Promise.prototype.then.call(promise, ...handlers) as never;
  };
  // The reactions of a promise cannot be counted from outside.
  // oxlint-disable-next-line unicorn/no-thenable
  void Object.defineProperty(promise, 'then', { value: count });
  const next = () => promise;
  const read = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
  let ticks = 0;
  for await (const batch of batchesOrIdle(read, 1, new AbortController().signal)) {
    t.is(batch, undefined);
    ticks += 1;
    if (ticks === 20) resolve({ done: true, value: undefined });
  }
  t.true(ticks >= 20);
  t.true(reactions <= 4, `${reactions} reactions`);
});
