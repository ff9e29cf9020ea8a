import { METRICS, SPANS } from '@zameni/runtime';
import {
  assertCatalogued,
  collectTelemetry,
  createMemoryLog,
  toTraceparent,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createTestDataKeys, metadataOf, registeredMessages } from '../../accounts.fixture.ts';
import type { Cause } from '../ledger/message.ts';
import { followCauses } from './follow.ts';
import { createFollowMetrics } from './metrics.ts';

const dataKeys = createTestDataKeys();
const NOW_MS = Date.parse(metadataOf(1).time) + 5_000;

/** Follows a log in memory until the test ends. */
async function start(t: ExecutionContext, headAtStart = 0) {
  const telemetry = await collectTelemetry(t);
  const log = createMemoryLog();
  const world = { head: 0 };
  const added: Cause[] = [];
  const progress: number[] = [];
  const metrics = createFollowMetrics({
    head: { lastHead: () => world.head },
    isActive: () => true,
  });
  const stopping = new AbortController();
  const ended = followCauses(
    {
      log,
      ledger: {
        add: async ({ causes }) => added.push(...causes) > 0,
        readAnchors: async () => ({ anchors: [], isOfOtherLog: false }),
        noteOtherLog: async () => undefined,
      },
      head: { readHead: async () => headAtStart },
      metrics,
      onAdded: () => undefined,
      now: () => NOW_MS,
    },
    {
      from: 0,
      signal: stopping.signal,
      onProgress: (position) => void progress.push(position),
      onStep: () => undefined,
    },
  );
  t.teardown(async () => {
    metrics[Symbol.dispose]();
    stopping.abort();
    await ended;
  });
  const register = (n: number) => {
    const traceparent = toTraceparent(n);
    const messages = registeredMessages(n, dataKeys).map((each) => ({ ...each, traceparent }));
    return log.append(messages, AbortSignal.timeout(10_000));
  };
  return { telemetry, world, added, progress, register };
}

test.serial(
  'a record that asks for a mail continues its trace, which the ledger keeps',
  async (t) => {
    const { telemetry, added, register } = await start(t);
    await register(1);
    await waitUntil(() => telemetry.spansOf(SPANS.process).length === 1);
    t.like(telemetry.spansOf(SPANS.process), [
      {
        traceId: toTraceparent(1).slice(3, 35),
        attributes: { 'zameni.record.kind': 'registered' },
      },
    ]);
    t.like(added, [{ traceparent: toTraceparent(1), recordAt: metadataOf(1).time }]);
    assertCatalogued(t, telemetry.spans());
  },
);

test.serial('a record from before the lease is only linked', async (t) => {
  const { telemetry, register } = await start(t, 3);
  await register(1);
  await waitUntil(() => telemetry.spansOf(SPANS.processBatch).length === 1);
  t.is(telemetry.spansOf(SPANS.processBatch)[0]?.links.length, 1);
  t.deepEqual(telemetry.spansOf(SPANS.process), []);
});

test.serial(
  'the mailer is behind until it has read, or waited for what it does not read',
  async (t) => {
    const { telemetry, world, added, register } = await start(t);
    const lag = async () => (await telemetry.valuesOf(METRICS.mail.lag))[0]?.value;
    world.head = 4;
    t.is(await lag(), 4);
    await register(1);
    await waitUntil(() => added.length === 1);
    await waitUntil(async () => (await lag()) === 1);
    // Position 4 is the record of a key, say, which never comes here.
    await waitUntil(async () => (await lag()) === 0);
    world.head = 9;
    t.is(await lag(), 5);
  },
);

test.serial('a quiet log is progress too, which ends a stall', async (t) => {
  const { progress } = await start(t);
  await waitUntil(() => progress.length > 0);
  t.is(progress[0], 0);
});
