import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import test from 'ava';
import { createRootSampler } from './root-sampler.ts';

const traceId = (n: number) => n.toString(16).padStart(32, '0');

function decide(ratio: number, ofTrace: string, traceFlags: readonly number[]): SamplingDecision {
  const links = traceFlags.map((flags, n) => ({
    context: { traceId: traceId(n + 1), spanId: '00000000000000aa', traceFlags: flags },
  }));
  const sampler = createRootSampler(ratio);
  return sampler.shouldSample(ROOT_CONTEXT, ofTrace, 'x', SpanKind.INTERNAL, {}, links).decision;
}

test('records requests by ratio', (t) => {
  t.is(decide(1, traceId(1), []), SamplingDecision.RECORD_AND_SAMPLED);
  t.is(decide(0, traceId(1), []), SamplingDecision.NOT_RECORD);
});

test('records a batch if a request that it links to is recorded, whatever the ratio', (t) => {
  t.is(decide(0, traceId(9), [0, 1, 0]), SamplingDecision.RECORD_AND_SAMPLED);
  t.is(decide(1, traceId(9), [0, 0]), SamplingDecision.NOT_RECORD);
});
