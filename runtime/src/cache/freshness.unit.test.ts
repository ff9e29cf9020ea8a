import test from 'ava';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { currentTraceparent, withSpan } from '../telemetry/trace.ts';
import { createManualClock } from '../testing/clock.ts';
import { assertCatalogued, collectTelemetry } from '../testing/telemetry.ts';
import { createFreshness, type FreshnessWait } from './freshness.ts';

function createSetup(maxWaiters = 100) {
  const clock = createManualClock();
  const stopping = new AbortController();
  const leaving = new AbortController();
  const stores: { watermark: number | undefined; replica: number | undefined } = {
    watermark: 10,
    replica: 10,
  };
  const polls = { watermark: 0, replica: 0 };
  const traceparents: (string | undefined)[] = [];
  const waitedMs: number[] = [];
  const freshness = createFreshness({
    purpose: 'position',
    watermark: async () => {
      polls.watermark += 1;
      traceparents.push(currentTraceparent());
      return stores.watermark;
    },
    replicaPosition: async () => {
      polls.replica += 1;
      return stores.replica;
    },
    clock,
    maxWaiters,
    stopping: stopping.signal,
  });
  const wait = (position: number, options: Partial<FreshnessWait> = {}) =>
    freshness.wait({
      position,
      deadlineMs: clock.now() + 1_000,
      cacheCounts: true,
      signal: leaving.signal,
      noteWait: () => {
        const beganMs = clock.now();
        return () => void waitedMs.push(clock.now() - beganMs);
      },
      ...options,
    });
  return { clock, stopping, leaving, stores, polls, traceparents, waitedMs, wait };
}

test.serial('measures waits by their end, and polls outside of their traces', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { clock, stores, leaving, traceparents, wait } = createSetup();
  const inSpan = (run: () => Promise<unknown>) => withSpan(SPANS.publish, { parent: null }, run);
  const reached = inSpan(() => wait(12));
  const late = inSpan(() => wait(99));
  const left = inSpan(() => wait(99, { deadlineMs: 60_000 }));
  await clock.advance(100);
  stores.watermark = 12;
  await clock.advance(1_000);
  leaving.abort();
  await Promise.all([reached, late, left]);
  t.true(traceparents.every((traceparent) => traceparent === undefined));
  const outcomes = ['reached', 'timed-out', 'left'];
  const spans = telemetry.spansOf(SPANS.wait);
  t.deepEqual(
    spans.map(({ attributes }) => attributes['zameni.wait.outcome']),
    outcomes,
  );
  t.true(spans.every(({ parentSpanId }) => parentSpanId !== undefined));
  const waits = await telemetry.valuesOf(METRICS.store.waits);
  t.deepEqual(
    waits.map(({ attributes }) => attributes),
    outcomes.map((outcome) => ({
      'zameni.wait.for': 'position',
      'zameni.wait.outcome': outcome,
    })),
  );
  assertCatalogued(t, telemetry.spans());
});

test('ends when the watermark reaches the position', async (t) => {
  const { clock, stores, wait } = createSetup();
  const waiting = wait(12);
  await clock.advance(100);
  stores.watermark = 12;
  await clock.advance(25);
  t.is(await waiting, 'cache');
});

test('ends when the replica reaches the position, without any watermark', async (t) => {
  const { clock, stores, wait } = createSetup();
  stores.watermark = undefined;
  const waiting = wait(12);
  await clock.advance(100);
  stores.replica = 13;
  await clock.advance(50);
  t.is(await waiting, 'replica');
});

test('ignores the watermark for a reader whose entry is not in the cache', async (t) => {
  const { clock, stores, wait } = createSetup();
  stores.watermark = 12;
  const waiting = wait(12, { cacheCounts: false });
  await clock.advance(500);
  stores.replica = 12;
  await clock.advance(50);
  t.is(await waiting, 'replica');
});

test('ends late at its deadline, and its time is noted', async (t) => {
  const { clock, waitedMs, wait } = createSetup();
  const waiting = wait(12);
  await clock.advance(1_000);
  t.is(await waiting, 'late');
  t.deepEqual(waitedMs, [1_000]);
});

test('ends late at once without time to wait', async (t) => {
  const { polls, wait } = createSetup();
  t.is(await wait(12, { deadlineMs: 0 }), 'late');
  t.is(polls.watermark, 0);
});

test('ends late when the reader disconnects and when the process stops', async (t) => {
  const { leaving, stopping, wait } = createSetup();
  const other = new AbortController();
  const [gone, stopped] = [wait(12), wait(12, { signal: other.signal })];
  leaving.abort();
  t.is(await gone, 'late');
  stopping.abort();
  t.is(await stopped, 'late');
  t.is(await wait(12, { signal: other.signal }), 'late');
});

test('a thousand readers cost as many polls as one, and none without readers', async (t) => {
  const { clock, polls, wait } = createSetup(1_000);
  const waiting = Array.from({ length: 1_000 }, () => wait(12));
  await clock.advance(1_000);
  t.deepEqual(new Set(await Promise.all(waiting)), new Set(['late']));
  const { watermark, replica } = polls;
  // Pauses grow from 3 to 25 ms, and from 10 to 50 ms.
  t.true(watermark >= 40 && watermark <= 60, `${watermark} polls of the watermark`);
  t.true(replica >= 20 && replica <= 30, `${replica} polls of the replica`);
  await clock.advance(1_000);
  t.deepEqual(polls, { watermark, replica });
});

test('polls again for a reader that comes later', async (t) => {
  const { clock, stores, wait } = createSetup();
  stores.watermark = 12;
  t.is(await wait(12), 'cache');
  await clock.advance(1_000);
  const waiting = wait(13);
  stores.watermark = 13;
  await clock.advance(25);
  t.is(await waiting, 'cache');
});

test('a reader beyond the bound is refused, and accepted again after another leaves', async (t) => {
  const { clock, wait } = createSetup(1);
  const waiting = wait(12);
  await t.throwsAsync(wait(12), { message: /Too many requests/ });
  await clock.advance(1_000);
  t.is(await waiting, 'late');
  const next = wait(10);
  await clock.advance(25);
  t.not(await next, 'late');
});
