import test from 'ava';
import { AppError } from '../errors.ts';
import { collectTelemetry, inTrace, toTraceparent } from '../testing/telemetry.ts';
import { SPANS } from './catalogue/spans.ts';
import {
  bindToTrace,
  currentTraceparent,
  outsideTraces,
  recordedSpan,
  withBatchSpans,
  withSpan,
} from './trace.ts';

const unsampled = toTraceparent(1, { isSampled: false });
const fail = async (thrown: Error): Promise<never> => {
  throw thrown;
};

test.serial(
  'a span continues the trace of its request and is the parent of what runs in it',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const traceparent = await inTrace(toTraceparent(1), () =>
      withSpan(SPANS.publish, {}, () =>
        withSpan(SPANS.decide, {}, async () => currentTraceparent()),
      ),
    );
    const [decide, publish] = telemetry.spans();
    t.like(publish, { name: 'publish ACCOUNTS', parentSpanId: '00000000000000aa' });
    t.like(decide, { name: 'decide', parentSpanId: publish?.spanId, traceId: publish?.traceId });
    t.is(traceparent, `00-${decide?.traceId}-${decide?.spanId}-01`);
  },
);

test.serial('a trace that is not sampled costs no spans', async (t) => {
  const telemetry = await collectTelemetry(t);
  const seen = await inTrace(unsampled, () =>
    withSpan(SPANS.publish, {}, async (set) => {
      set({ 'messaging.system': 'nats' });
      return [currentTraceparent(), recordedSpan()];
    }),
  );
  t.deepEqual(seen, [unsampled, undefined]);
  t.deepEqual(telemetry.spans(), []);
});

test.serial('a failure marks its span, and a refusal only names its code', async (t) => {
  const telemetry = await collectTelemetry(t);
  for (const error of [
    new AppError('address-taken'),
    new AppError('projection-lagging'),
    new AppError('log-unavailable'),
    new TypeError('vera@example.org is not of our form'),
  ]) {
    await t.throwsAsync(withSpan(SPANS.publish, { parent: null }, () => fail(error)));
  }
  t.deepEqual(
    telemetry.spans().map(({ isError, attributes }) => ({ isError, attributes })),
    [
      { isError: false, attributes: { 'zameni.problem.code': 'address-taken' } },
      { isError: false, attributes: { 'zameni.problem.code': 'projection-lagging' } },
      { isError: true, attributes: { 'error.type': 'log-unavailable' } },
      { isError: true, attributes: { 'error.type': 'TypeError' } },
    ],
  );
});

test.serial('work of a queue is in the trace of who asked, shared work in none', async (t) => {
  await collectTelemetry(t);
  const [bound, outside] = await inTrace(
    toTraceparent(1),
    async () =>
      [bindToTrace(() => currentTraceparent()), outsideTraces(() => currentTraceparent())] as const,
  );
  t.is(await inTrace(toTraceparent(2), async () => bound()), toTraceparent(1));
  t.is(outside, undefined);
});

test.serial(
  'a batch has a span in each live trace, and one of its own that links to all',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const live = [1, 2].map((n) => ({ traceparent: toTraceparent(n) }));
    const batch = {
      each: SPANS.process,
      whole: SPANS.processBatch,
      live,
      links: [toTraceparent(3)],
    };
    await withBatchSpans(batch, async () => undefined);
    const each = telemetry.spansOf(SPANS.process);
    t.is(each.length, 2);
    const [whole] = telemetry.spansOf(SPANS.processBatch);
    t.is(whole?.parentSpanId, undefined);
    t.deepEqual(
      whole?.links.map(({ spanId }) => spanId),
      [...each.map(({ spanId }) => spanId), '00000000000000aa'],
    );
  },
);
