import { createLogger, delay } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createLeasedWork, type LeasedRun, type LeaseStore } from './work.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** A database with one lease. `renewals` counts the answers to the holder `a`. */
function createLease() {
  const shared = { holder: undefined as string | undefined, renewals: 0, isAway: false };
  const storeOf = (me: string): LeaseStore => ({
    takeLease: async () => {
      if (shared.isAway) throw new Error('away');
      if (shared.holder !== undefined && shared.holder !== me) return undefined;
      shared.holder = me;
      return 7;
    },
    renewLease: async () => {
      if (shared.isAway) throw new Error('away');
      shared.renewals += 1;
      return shared.holder === me;
    },
    releaseLease: async () => {
      if (shared.holder === me) shared.holder = undefined;
    },
    readPosition: async () => 7,
  });
  return { shared, storeOf };
}

function start(t: ExecutionContext, store: LeaseStore, work: (run: LeasedRun) => Promise<void>) {
  const stopping = new AbortController();
  const leased = createLeasedWork({
    name: 'projection',
    store,
    work,
    logger,
    standbyMs: 5,
    renewMs: 5,
  });
  const ended = leased.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return ended;
  };
  t.teardown(stop);
  return { leased, stop };
}

const untilCutShort = ({ signal }: LeasedRun) => delay(60_000, signal);

test('a lease is renewed beside a step that takes long', async (t) => {
  const { shared, storeOf } = createLease();
  const { leased, stop } = start(t, storeOf('a'), untilCutShort);
  await waitUntil(() => shared.renewals >= 3);
  t.is(leased.status().state, 'active');
  await stop();
  const { renewals } = shared;
  t.is(shared.holder, undefined);
  await delay(20, new AbortController().signal);
  t.is(shared.renewals, renewals);
});

test('work is cut short when its lease is lost, which is no fault', async (t) => {
  const { shared, storeOf } = createLease();
  const runs: LeasedRun[] = [];
  const { leased } = start(t, storeOf('a'), (run) => {
    runs.push(run);
    return untilCutShort(run);
  });
  await waitUntil(() => runs.length === 1);
  shared.holder = 'b';
  await waitUntil(() => leased.status().state === 'standby');
  t.true(runs[0]?.signal.aborted);
  shared.holder = undefined;
  await waitUntil(() => runs.length === 2);
  t.is(leased.status().state, 'active');
});

test('a renewal that fails is repeated; a lease that must have expired is a fault', async (t) => {
  const { shared, storeOf } = createLease();
  let runs = 0;
  const { leased } = start(t, storeOf('a'), (run) => {
    runs += 1;
    return untilCutShort(run);
  });
  await waitUntil(() => shared.renewals > 0);
  shared.isAway = true;
  await delay(50, new AbortController().signal);
  shared.isAway = false;
  const { renewals } = shared;
  await waitUntil(() => shared.renewals > renewals);
  t.is(runs, 1);
  shared.isAway = true;
  await waitUntil(() => leased.status().state === 'stalled');
  shared.isAway = false;
  await waitUntil(() => runs === 2);
});
