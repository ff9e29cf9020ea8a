import { type AppendOutcome, createLogger, type EventLog, METRICS, SPANS } from '@zameni/runtime';
import {
  assertCatalogued,
  collectTelemetry,
  type CollectedTelemetry,
  inTrace,
  observeLog,
  toTraceparent,
  waitUntil,
} from '@zameni/runtime/testing';
import test from 'ava';
import { type Committer, createCommitter } from '../committer.ts';
import { bendAppends, claimIntent, writeIntent } from '../committer.fixture.ts';
import type { Intent } from './group.ts';
import { publish } from '../publish.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const cause = {
  actor: { type: 'anonymous', id: 'anonymous' },
  causationId: 'c',
  time: '2026-01-01T00:00:00.000Z',
} as const;
const traceId = (n: number) => toTraceparent(n).slice(3, 35);

/** Submits an intent as the command of a trace. */
function submit(
  committer: Committer,
  intent: Intent<unknown>,
  traceparent: string,
): Promise<unknown> {
  return inTrace(traceparent, () => publish(cause, () => committer.submit(intent)));
}

/** A log that conflicts, or answers otherwise, at its first append. */
function bendFirst(outcome: AppendOutcome): EventLog {
  const { log } = bendAppends(async (append, _messages, call) => (call === 1 ? outcome : append()));
  return observeLog(log);
}

/** The spans of a trace by name, without their order. */
function namesIn(telemetry: CollectedTelemetry, n: number): readonly string[] {
  const spans = telemetry.spans().filter((span) => span.traceId === traceId(n));
  return spans.map(({ name }) => name).toSorted();
}

test.serial('a command alone in its group has every part in its own trace', async (t) => {
  const telemetry = await collectTelemetry(t);
  await using committer = createCommitter(observeLog(bendAppends().log), logger);
  await submit(committer, claimIntent('claim.a', 'a'), toTraceparent(1));
  await waitUntil(() => telemetry.spans().length === 4);
  const [published] = telemetry.spansOf(SPANS.publish);
  t.is(published?.parentSpanId, '00000000000000aa');
  for (const definition of [SPANS.queue, SPANS.decide, SPANS.append]) {
    const [span, ...others] = telemetry.spansOf(definition);
    t.like(span, { traceId: traceId(1), parentSpanId: published?.spanId, links: [] });
    t.deepEqual(others, []);
  }
  t.like(telemetry.spansOf(SPANS.decide)[0]?.attributes, {
    'zameni.commit.outcome': 'appended',
    'zameni.commit.tries': 1,
  });
  assertCatalogued(t, telemetry.spans());
});

test.serial(
  'a group has a trace of its own, linked to and from those of its commands',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    await using committer = createCommitter(observeLog(bendAppends().log), logger);
    await Promise.all(
      [1, 2, 3].map((n) => submit(committer, writeIntent(`account.${n}`, 2), toTraceparent(n))),
    );
    await waitUntil(() => telemetry.spansOf(SPANS.append).length === 4);
    const published = telemetry.spansOf(SPANS.publish);
    const [group, ...others] = telemetry.spansOf(SPANS.commit);
    t.deepEqual(others, []);
    t.is(group?.parentSpanId, undefined);
    t.deepEqual(
      group?.links.toSorted((a, b) => (a.traceId < b.traceId ? -1 : 1)),
      [1, 2, 3].map((n) => ({
        traceId: traceId(n),
        spanId: published.find((span) => span.traceId === traceId(n))?.spanId ?? '',
      })),
    );
    const real = telemetry.spansOf(SPANS.append).find((span) => span.traceId === group?.traceId);
    t.is(real?.parentSpanId, group?.spanId);
    t.is(real?.attributes['messaging.batch.message_count'], 6);
    for (const n of [1, 2, 3]) {
      t.deepEqual(namesIn(telemetry, n), [
        'append',
        'decide',
        'publish ACCOUNTS',
        'wait for group',
      ]);
      const own = telemetry.spansOf(SPANS.append).find((span) => span.traceId === traceId(n));
      t.deepEqual(own?.links, [{ traceId: group?.traceId, spanId: group?.spanId }]);
      // The real one is within it. The SDK rounds times to milliseconds.
      t.true(Number(own?.startMs) <= Number(real?.startMs) + 2);
      t.true(Number(own?.endMs) >= Number(real?.endMs) - 2);
    }
    assertCatalogued(t, telemetry.spans());
    const size = await telemetry.valuesOf(METRICS.commit.groupSize);
    t.deepEqual(size, [{ attributes: { 'zameni.committer': 'commands' }, value: 1, sum: 3 }]);
  },
);

test.serial('a conflict and the next try are counted, and shown in the trace', async (t) => {
  const telemetry = await collectTelemetry(t);
  const log = bendFirst({ status: 'conflict' });
  await using committer = createCommitter(log, logger, { name: 'public' });
  await submit(committer, claimIntent('claim.a', 'a'), toTraceparent(1));
  await waitUntil(() => telemetry.spansOf(SPANS.decide).length === 2);
  t.deepEqual(
    telemetry.spansOf(SPANS.decide).map(({ attributes }) => attributes),
    ['conflict', 'appended'].map((outcome, n) => ({
      'zameni.committer': 'public',
      'zameni.commit.tries': n + 1,
      'zameni.commit.outcome': outcome,
    })),
  );
  t.false(telemetry.spans().some(({ isError }) => isError));
  const attributes = { 'zameni.committer': 'public' };
  t.like(await telemetry.valuesOf(METRICS.commit.conflicts), [{ value: 1, attributes }]);
  const tries = await telemetry.valuesOf(METRICS.commit.duration);
  t.deepEqual(
    tries.map((one) => [one.attributes['zameni.commit.outcome'], one.value]),
    [
      ['conflict', 1],
      ['appended', 1],
    ],
  );
  t.like(await telemetry.valuesOf(METRICS.commit.waitDuration), [{ value: 1, attributes }]);
  t.like(await telemetry.valuesOf(METRICS.commit.queueLength), [{ value: 0, attributes }]);
});

test.serial(
  'an append whose reply was lost is counted, with the failure of each send',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const log = bendFirst({ status: 'unknown', cause: new Error('reply lost') });
    await using committer = createCommitter(log, logger);
    await submit(committer, claimIntent('claim.a', 'a'), toTraceparent(1));
    t.like(await telemetry.valuesOf(METRICS.commit.inDoubt), [{ value: 1 }]);
    const [lost, sentAgain] = telemetry.spansOf(SPANS.append);
    t.like(lost, { isError: true, attributes: { 'error.type': 'unknown' } });
    t.like(sentAgain, { isError: false, attributes: { 'zameni.commit.outcome': 'appended' } });
    const appends = await telemetry.valuesOf(METRICS.commit.appendDuration);
    t.deepEqual(
      appends.map(({ attributes }) => attributes['error.type']),
      ['unknown', undefined],
    );
  },
);

test.serial('a command that is not appended has failed', async (t) => {
  const telemetry = await collectTelemetry(t);
  const log = bendFirst({ status: 'full', cause: new Error('no room') });
  await using committer = createCommitter(log, logger);
  await t.throwsAsync(submit(committer, claimIntent('claim.a', 'a'), toTraceparent(1)));
  const [published] = telemetry.spansOf(SPANS.publish);
  t.like(published, { isError: true, attributes: { 'error.type': 'log-unavailable' } });
});

test.serial('an intent that a group puts back waits a second time', async (t) => {
  const telemetry = await collectTelemetry(t);
  const log = observeLog(bendAppends().log);
  await using committer = createCommitter(log, logger, { maxGroupBytes: 3 });
  await Promise.all(
    [1, 2].map((n) => submit(committer, writeIntent(`account.${n}`, 1), toTraceparent(n))),
  );
  await waitUntil(() => telemetry.spansOf(SPANS.queue).length === 3);
  const [first, second] = telemetry.spansOf(SPANS.decide).filter((s) => s.traceId === traceId(2));
  t.is(first?.attributes['zameni.commit.outcome'], 'postponed');
  t.is(second?.attributes['zameni.commit.outcome'], 'appended');
  t.is(telemetry.spansOf(SPANS.append).filter((s) => s.traceId === traceId(2)).length, 1);
});

test.serial('only recorded commands have spans, and the group links only to them', async (t) => {
  const telemetry = await collectTelemetry(t);
  await using committer = createCommitter(observeLog(bendAppends().log), logger);
  const unsampled = (n: number) => toTraceparent(n, { isSampled: false });
  await Promise.all(
    [unsampled(1), toTraceparent(2), unsampled(3)].map((traceparent, n) =>
      submit(committer, writeIntent(`account.${n}`, 1), traceparent),
    ),
  );
  await waitUntil(() => telemetry.spansOf(SPANS.append).length === 2);
  t.deepEqual(
    telemetry.spansOf(SPANS.commit)[0]?.links.map((link) => link.traceId),
    [traceId(2)],
  );
  t.deepEqual([...namesIn(telemetry, 1), ...namesIn(telemetry, 3)], []);
  const before = telemetry.spans().length;
  await submit(committer, writeIntent('account.9', 1), unsampled(9));
  await committer[Symbol.asyncDispose]();
  t.is(telemetry.spans().length, before);
  t.like(await telemetry.valuesOf(METRICS.commit.waitDuration), [{ value: 4 }]);
});
