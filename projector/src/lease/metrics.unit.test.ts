import { createLogger, delay, METRICS } from '@zameni/runtime';
import { collectTelemetry, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { observeLease } from './metrics.ts';
import type { WorkStatus } from './status.ts';
import { createLeasedWork } from './work.ts';

const { work } = METRICS;
const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

test.serial('says who holds the lease, and that the work stalls', async (t) => {
  const telemetry = await collectTelemetry(t);
  let status: WorkStatus = { state: 'standby', position: 3 };
  using _observed = observeLease('eraser', () => status);
  const read = async () => {
    const values = [
      ...(await telemetry.valuesOf(work.leaseActive)),
      ...(await telemetry.valuesOf(work.leaseStalled)),
    ];
    for (const { attributes } of values) t.deepEqual(attributes, { 'zameni.lease.work': 'eraser' });
    return values.map(({ value }) => value);
  };
  t.deepEqual(await read(), [0, 0]);
  status = { state: 'active', position: 3 };
  t.deepEqual(await read(), [1, 0]);
  status = { state: 'stalled', position: 3, reason: 'postgres-unavailable' };
  t.deepEqual(await read(), [0, 1]);
});

test.serial(
  'a lease that another process has taken counts as lost; one that is given up does not',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const shared = { holder: 'a' };
    const stopping = new AbortController();
    const leased = createLeasedWork({
      name: 'projection',
      version: 3,
      store: {
        takeLease: async () => (shared.holder === 'a' ? 7 : undefined),
        renewLease: async () => shared.holder === 'a',
        releaseLease: async () => undefined,
        readPosition: async () => 7,
      },
      work: ({ signal }) => delay(60_000, signal),
      logger,
      standbyMs: 5,
      renewMs: 5,
    });
    const ended = leased.run(stopping.signal);
    await waitUntil(() => leased.status().state === 'active');
    shared.holder = 'b';
    await waitUntil(() => leased.status().state === 'standby');
    shared.holder = 'a';
    await waitUntil(() => leased.status().state === 'active');
    stopping.abort();
    await ended;
    const attributes = { 'zameni.lease.work': 'projection' };
    t.like(await telemetry.valuesOf(work.leaseLost), [{ attributes, value: 1 }]);
    t.like(await telemetry.valuesOf(work.leaseFailures), [{ attributes, value: 0 }]);
  },
);

test.serial(
  'counts runs that fail from 0 on, also those that another process repeats',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const stopping = new AbortController();
    const leased = createLeasedWork({
      name: 'eraser',
      store: {
        takeLease: async () => 7,
        renewLease: async () => true,
        releaseLease: async () => undefined,
        readPosition: async () => 7,
      },
      work: async () => {
        throw new Error('fails');
      },
      logger,
      standbyMs: 5,
    });
    const failures = async () => {
      const [series] = await telemetry.valuesOf(work.leaseFailures);
      t.deepEqual(series?.attributes, { 'zameni.lease.work': 'eraser' });
      return series?.value;
    };
    t.is(await failures(), 0);
    const ended = leased.run(stopping.signal);
    await waitUntil(async () => Number(await failures()) >= 2);
    stopping.abort();
    await ended;
    t.like(await telemetry.valuesOf(work.leaseLost), [{ value: 0 }]);
  },
);
