import { SPANS } from '@zameni/runtime';
import {
  assertCatalogued,
  type CollectedTelemetry,
  collectTelemetry,
  createMemoryLog,
  toTraceparent,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { metadataOf, registeredMessages } from '../accounts.fixture.ts';
import { attemptMessages } from '../attempts.fixture.ts';
import { createMemoryStore, createSharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import { append, broken, dataKeys, start } from './projection.fixture.ts';

/** Shortly after the instant of all made-up records. */
const NOW_MS = Date.parse(metadataOf(1).time) + 5_000;
const traceIdOf = (n: number) => toTraceparent(n).slice(3, 35);

/** The registration of the n-th person, in the n-th trace. */
function traced(n: number, { isSampled = true } = {}) {
  const traceparent = toTraceparent(n, { isSampled });
  return registeredMessages(n, dataKeys).map((message) => ({ ...message, traceparent }));
}

/** A projection that has caught up with an empty log, and ends with the test. */
async function begin(t: ExecutionContext, options: Partial<Parameters<typeof start>[3]> = {}) {
  const telemetry = await collectTelemetry(t);
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const started = start(t, log, createMemoryStore(shared, 'a'), { now: () => NOW_MS, ...options });
  return { telemetry, log, shared, ...started };
}

const processed = (telemetry: CollectedTelemetry) => telemetry.spansOf(SPANS.process);
const batches = (telemetry: CollectedTelemetry) => telemetry.spansOf(SPANS.processBatch);
const tracesIn = (spans: readonly { readonly traceId: string }[]) =>
  spans.map(({ traceId }) => traceId).toSorted();

test.serial('a live record continues its trace', async (t) => {
  const { telemetry, log, shared, followed } = await begin(t);
  await waitUntil(() => shared.holder === 'a');
  await append(log, traced(1));
  await waitUntil(() => followed.at(-1) === 3);
  await waitUntil(() => processed(telemetry).length === 1);
  const [span] = processed(telemetry);
  t.like(span, { traceId: traceIdOf(1), parentSpanId: '00000000000000aa', isError: false });
  t.deepEqual(span?.attributes, {
    'messaging.system': 'nats',
    'messaging.destination.name': 'ACCOUNTS',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': 3,
    'zameni.record.kind': 'registered',
  });
  t.deepEqual(batches(telemetry), []);
  assertCatalogued(t, telemetry.spans());
});

test.serial('a batch links to the records whose traces go on, and to no other', async (t) => {
  const { telemetry, log } = await begin(t);
  const attempt = attemptMessages(4).map((each) => ({ ...each, traceparent: toTraceparent(4) }));
  const { append: appendAll } = log;
  const messages = [...traced(1), ...traced(2, { isSampled: false }), ...traced(3), ...attempt];
  await appendAll(messages, AbortSignal.timeout(10_000));
  await waitUntil(() => batches(telemetry).length === 1);
  t.deepEqual(tracesIn(processed(telemetry)), [1, 3, 4].map(traceIdOf));
  const [batch] = batches(telemetry);
  t.is(batch?.parentSpanId, undefined);
  t.deepEqual(tracesIn(batch?.links ?? []), [1, 3, 4].map(traceIdOf));
  t.like(batch?.attributes, {
    'messaging.batch.message_count': 10,
    'zameni.projection.version': 1,
  });
  assertCatalogued(t, telemetry.spans());
});

test.serial('traces that are not recorded leave no span', async (t) => {
  const { telemetry, log, followed } = await begin(t);
  await append(log, traced(1, { isSampled: false }), registeredMessages(2, dataKeys));
  await waitUntil(() => followed.at(-1) === 6);
  t.deepEqual(telemetry.spans(), []);
});

/** What is applied, but continues no trace. */
const onlyLinks = test.macro(async (t, options: Partial<Parameters<typeof start>[3]>) => {
  const { telemetry, log } = await begin(t, options);
  await append(log, traced(1));
  await waitUntil(() => batches(telemetry).length === 1);
  t.deepEqual(tracesIn(batches(telemetry)[0]?.links ?? []), [traceIdOf(1)]);
  t.not(batches(telemetry)[0]?.traceId, traceIdOf(1));
  t.deepEqual(processed(telemetry), []);
});

test.serial('a rebuild only links', onlyLinks, { isLive: () => false });
test.serial('a record of an hour ago only links', onlyLinks, { now: () => NOW_MS + 3_600_000 });
test.serial('a record that was there when the lease was taken only links', onlyLinks, {
  head: { readHead: async () => 3 },
});

test.serial('a batch that is tried again after a fault only links', async (t) => {
  const telemetry = await collectTelemetry(t);
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const store = createMemoryStore(shared, 'a');
  const faults = [new Error('no database')];
  const head = { readHead: async () => log.head(AbortSignal.timeout(1_000)) };
  const failing: typeof store = {
    ...store,
    apply: async (batch) => {
      const fault = faults.pop();
      if (fault !== undefined) throw fault;
      return store.apply(batch);
    },
  };
  start(t, log, failing, { now: () => NOW_MS, head });
  await waitUntil(() => shared.holder === 'a');
  await append(log, traced(1));
  await waitUntil(() => batches(telemetry).length === 1);
  t.like(processed(telemetry), [{ traceId: traceIdOf(1), isError: true }]);
  t.is(processed(telemetry).length, 1);
  t.deepEqual(tracesIn(batches(telemetry)[0]?.links ?? []), [traceIdOf(1)]);
});

test.serial('a redrive links to the records and to the request of the operator', async (t) => {
  const { telemetry, log, shared } = await begin(t);
  const traceparent = toTraceparent(1);
  await append(
    log,
    broken(1).map((message) => ({ ...message, traceparent })),
  );
  await waitUntil(() => shared.parked.size === 1);
  const [parked] = [...shared.parked.values()];
  t.is(parked?.traceId, traceIdOf(1));
  t.deepEqual(telemetry.spans(), []);
  shared.traceparent = toTraceparent(2);
  shared.requested.add(parked?.subject ?? '');
  await waitUntil(() => telemetry.spansOf(SPANS.redrive).length === 1);
  const [redrive] = telemetry.spansOf(SPANS.redrive);
  t.is(redrive?.parentSpanId, undefined);
  t.deepEqual(tracesIn(redrive?.links ?? []), [1, 2].map(traceIdOf));
  t.deepEqual(redrive?.attributes, { 'messaging.batch.message_count': 1 });
  assertCatalogued(t, telemetry.spans());
});
