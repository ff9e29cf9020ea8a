import { getEventListeners } from 'node:events';
import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import { createBackoff, delay, withDeadline } from './retry.ts';

/** The smallest and the largest of many draws of each delay in a row. */
function drawDelays(options: { baseMs: number; maxMs: number }, count: number) {
  const draws = Array.from({ length: 2_000 }, () => {
    const backoff = createBackoff(options);
    return Array.from({ length: count }, backoff.nextMs);
  });
  return Array.from({ length: count }, (_, index) => {
    const delays = draws.map((delays) => delays[index] ?? Number.NaN);
    return { least: Math.min(...delays), largest: Math.max(...delays) };
  });
}

/** Timers that the test advances, for one test at a time. */
function stopClock(t: ExecutionContext): (ms: number) => Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  return async (ms) => {
    mock.timers.tick(ms);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
}

/** The state of a promise: waiting, its value, or its error. */
function watch(promise: Promise<unknown>): () => string {
  let state = 'waiting';
  const follow = async () => {
    try {
      state = `resolved ${String(await promise)}`;
    } catch (error) {
      state = String(error);
    }
  };
  void follow();
  return () => state;
}

test('delays are random from zero to a bound that doubles up to the largest', (t) => {
  const bounds = [100, 200, 400, 500, 500];
  for (const [index, { least, largest }] of drawDelays(
    { baseMs: 100, maxMs: 500 },
    bounds.length,
  ).entries()) {
    const bound = bounds[index] ?? 0;
    t.true(least >= 0 && largest < bound, `delay ${index}: ${least} to ${largest}`);
    // Of 2000 uniform draws, the probability of none in an outer twentieth is below 10^-44.
    t.true(least < bound / 20 && largest > bound * 0.95, `delay ${index}: ${least} to ${largest}`);
  }
});

test('a reset restores the first bound', (t) => {
  for (let index = 0; index < 200; index += 1) {
    const backoff = createBackoff({ baseMs: 1, maxMs: 1_000_000 });
    for (let attempt = 0; attempt < 15; attempt += 1) backoff.nextMs();
    backoff.reset();
    t.true(backoff.nextMs() < 1);
    t.true(backoff.nextMs() < 2);
  }
});

test('the bound stays where it is after very many attempts', (t) => {
  const backoff = createBackoff({ baseMs: 100, maxMs: 2_000 });
  for (let attempt = 0; attempt < 5_000; attempt += 1) t.true(backoff.nextMs() < 2_000);
});

test('two backoffs do not share their bounds', (t) => {
  const [one, two] = [0, 0].map(() => createBackoff({ baseMs: 1, maxMs: 1_000_000 }));
  for (let attempt = 0; attempt < 15; attempt += 1) one?.nextMs();
  t.true((two?.nextMs() ?? 1) < 1);
});

test('a delay ends by itself', async (t) => {
  await t.notThrowsAsync(delay(1, new AbortController().signal));
});

test('a delay ends with the reason of an abort, at once', async (t) => {
  const controller = new AbortController();
  const reason = new Error('stopping');
  const waiting = delay(60_000, controller.signal);
  controller.abort(reason);
  t.is(await t.throwsAsync(waiting), reason);
});

test('a delay does not begin when the signal is aborted already', async (t) => {
  const reason = new Error('stopped');
  t.is(await t.throwsAsync(delay(60_000, AbortSignal.abort(reason))), reason);
});

test('a delay removes its listener from the signal', async (t) => {
  const { signal } = new AbortController();
  await delay(1, signal);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test.serial('a promise in time passes with its value or its reason', async (t) => {
  const turn = stopClock(t);
  const late = () => new Error('too late');
  const given = Promise.withResolvers<string>();
  const refused = Promise.withResolvers<string>();
  const states = [given, refused].map(({ promise }) => watch(withDeadline(promise, 1_000, late)));
  await turn(999);
  t.deepEqual(
    states.map((state) => state()),
    ['waiting', 'waiting'],
  );
  given.resolve('value');
  refused.reject(new Error('reason'));
  await turn(0);
  t.deepEqual(
    states.map((state) => state()),
    ['resolved value', 'Error: reason'],
  );
});

test.serial('a promise too late gives the error of the deadline, made only then', async (t) => {
  const turn = stopClock(t);
  let made = 0;
  const slow = Promise.withResolvers<string>();
  const state = watch(
    withDeadline(slow.promise, 1_000, () => {
      made += 1;
      return new Error('too late');
    }),
  );
  await turn(999);
  t.is(state(), 'waiting');
  t.is(made, 0);
  await turn(1);
  t.is(state(), 'Error: too late');
  // A rejection after the deadline is not an unhandled rejection.
  slow.reject(new Error('much too late'));
  await turn(60_000);
  t.is(state(), 'Error: too late');
  t.is(made, 1);
});

test.serial('an answer that arrived during a stall of this process is in time', async (t) => {
  const { port1: peer, port2: own } = new MessageChannel();
  t.teardown(() => peer.close());
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  own.on('message', resolve);
  await new Promise(setImmediate);
  const waiting = withDeadline(answer, 20, () => new Error('too late'));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  peer.postMessage('here');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  t.is(await waiting, 'here');
});

test.serial('a deadline that was kept is not called later', async (t) => {
  const turn = stopClock(t);
  let made = 0;
  const late = () => {
    made += 1;
    return new Error('too late');
  };
  t.is(await withDeadline(Promise.resolve(1), 1_000, late), 1);
  await t.throwsAsync(withDeadline(Promise.reject(new Error('reason')), 1_000, late));
  await turn(60_000);
  t.is(made, 0);
});
