import { createSilentLogger, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createAttemptHousekeeping } from './housekeeping.ts';

/** Housekeeping that records its steps, on a clock that a test and each removal advance. */
function createSetup({ batchesLeft = 0, fails = false, removalMs = 0 } = {}) {
  const state = { nowMs: 0, batchesLeft, fails, steps: [] as string[] };
  const housekeeping = createAttemptHousekeeping({
    store: {
      removeExpired: async () => {
        if (state.fails) throw new Error('away');
        state.steps.push('remove');
        state.nowMs += removalMs;
        state.batchesLeft -= 1;
        return state.batchesLeft > 0;
      },
      countLive: async () => void state.steps.push('count'),
    },
    logger: createSilentLogger(),
    now: () => state.nowMs,
  });
  return { state, housekeeping };
}

test('removes what has expired, a batch at a time, and counts the rest', async (t) => {
  const { state, housekeeping } = createSetup({ batchesLeft: 3 });
  housekeeping.run();
  await housekeeping[Symbol.asyncDispose]();
  t.deepEqual(state.steps, ['remove']);
  const other = createSetup({ batchesLeft: 3 });
  other.housekeeping.run();
  await waitUntil(() => other.state.steps.includes('count'));
  t.deepEqual(other.state.steps, ['remove', 'remove', 'remove', 'count']);
});

test('one round removes a bounded number of batches', async (t) => {
  const { state, housekeeping } = createSetup({ batchesLeft: 1_000 });
  housekeeping.run();
  await waitUntil(() => state.steps.includes('count'));
  t.true(state.steps.length < 50);
});

test('begins a round every few seconds only', async (t) => {
  const { state, housekeeping } = createSetup();
  housekeeping.run();
  housekeeping.run();
  await waitUntil(() => state.steps.length === 2);
  state.nowMs = 4_999;
  housekeeping.run();
  t.is(state.steps.length, 2);
  state.nowMs = 5_000;
  housekeeping.run();
  await waitUntil(() => state.steps.length === 4);
  await housekeeping[Symbol.asyncDispose]();
  state.nowMs = 60_000;
  housekeeping.run();
  t.is(state.steps.length, 4);
});

test('a round that took a second is followed by a pause of twenty', async (t) => {
  const { state, housekeeping } = createSetup({ removalMs: 1_000 });
  housekeeping.run();
  await waitUntil(() => state.steps.length === 2);
  t.is(state.nowMs, 1_000);
  for (const nowMs of [20_000, 20_999]) {
    state.nowMs = nowMs;
    housekeeping.run();
    t.is(state.steps.length, 2, `${nowMs}`);
  }
  state.nowMs = 21_000;
  housekeeping.run();
  await waitUntil(() => state.steps.length === 4);
});

test('a fault fails nobody, and the next round tries again', async (t) => {
  const { state, housekeeping } = createSetup({ fails: true });
  housekeeping.run();
  await t.notThrowsAsync(async () => housekeeping[Symbol.asyncDispose]());
  const other = createSetup({ fails: true });
  other.housekeeping.run();
  await waitUntil(() => {
    other.state.fails = false;
    other.state.nowMs += 5_000;
    other.housekeeping.run();
    return other.state.steps.includes('count');
  });
  t.deepEqual(state.steps, []);
});
