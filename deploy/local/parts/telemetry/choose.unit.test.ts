import test from 'ava';
import { layOutPorts } from '../../profile/ports.ts';
import { parseScale } from '../../profile/scale.ts';
import { chooseTelemetry } from './choose.ts';

const ports = layOutPorts(8080, parseScale(''));
const ratio = (text: string) =>
  chooseTelemetry('local', ports, { OTEL_TRACES_SAMPLER_ARG: text }).traceRatio;

test('traces every request of the local stack and few of a test', (t) => {
  t.is(chooseTelemetry('local', ports, {}).traceRatio, 1);
  t.is(chooseTelemetry('test', ports, {}).traceRatio, 0.01);
});

test('takes the ratio that services take too', (t) => {
  t.is(ratio('0.25'), 0.25);
  t.is(ratio('0'), 0);
  t.is(ratio(''), 1);
});

test('refuses what is not a share', (t) => {
  for (const text of ['2', '-1', '1.5', 'all', '1e-3']) {
    t.throws(() => ratio(text), { message: /OTEL_TRACES_SAMPLER_ARG is a share/ }, text);
  }
});

test('trusts callers on loopback, unless it is told not to', (t) => {
  const trust = (text: string) =>
    chooseTelemetry('local', ports, { ZAMENI_TRUST_TRACEPARENT: text }).trustsCallers;
  t.deepEqual(['', 'on', 'off'].map(trust), [true, true, false]);
  t.throws(() => trust('no'), { message: /ZAMENI_TRUST_TRACEPARENT is on or off/ });
});
