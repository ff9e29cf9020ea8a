import test from 'ava';
import type { Span } from '../../deploy/telemetry/otlp/span.ts';
import { spanOf } from '../../deploy/telemetry/otlp/span.fixture.ts';
import { findTraceFaults } from './trace-faults.ts';

const REMOTE = 'a'.repeat(16);
const ROOTS = { parentSpanId: REMOTE, requests: 1 };
const at = (ms: number) => String(1_790_000_000_000_000_000n + BigInt(ms) * 1_000_000n);

const first = spanOf({
  spanId: '1'.repeat(16),
  parentSpanId: REMOTE,
  service: 'gateway',
  instance: 'gateway',
  name: 'POST',
  kind: 'server',
  startNs: at(100),
  endNs: at(200),
});

const child = (different: Partial<Span>) =>
  spanOf({
    spanId: '2'.repeat(16),
    parentSpanId: first.spanId,
    startNs: at(110),
    endNs: at(190),
    ...different,
  });

const faults = (...spans: readonly Span[]) => findTraceFaults([first, ...spans], ROOTS);

test('finds no fault in a trace whose spans follow from each other', (t) => {
  t.deepEqual(faults(child({})), []);
  t.deepEqual(faults(child({ startNs: at(99), endNs: at(250) })), [], 'a little late');
});

test('a consumer and a mail may go on after their cause is over', (t) => {
  t.deepEqual(faults(child({ kind: 'consumer', startNs: at(300), endNs: at(400) })), []);
  const mail = child({ service: 'mailer', name: 'mail', startNs: at(300), endNs: at(400) });
  t.deepEqual(faults(mail), []);
});

test('finds a span that outlives its parent, or begins before it', (t) => {
  t.deepEqual(faults(child({ endNs: at(900) })), ['command-api: decide ends after gateway: POST']);
  t.deepEqual(faults(child({ kind: 'consumer', startNs: at(10) })), [
    'command-api: decide begins before gateway: POST',
  ]);
});

test('finds a span without parent, without a process, of no kind, or that ends too early', (t) => {
  t.deepEqual(faults(child({ parentSpanId: 'f'.repeat(16) })), [
    'command-api: decide has no parent',
  ]);
  t.deepEqual(faults(child({ instance: '' })), ['command-api: decide names no process']);
  t.deepEqual(faults(child({ kind: 'unspecified' })), ['command-api: decide has no kind']);
  t.deepEqual(faults(child({ endNs: at(105) })), ['command-api: decide ends before it begins']);
});

test('each request of the caller has a span, and an id is used once', (t) => {
  t.deepEqual(findTraceFaults([child({})], ROOTS), [
    '0 spans are of the caller, not 1',
    'command-api: decide has no parent',
  ]);
  t.deepEqual(faults(child({}), child({})), ['two spans have one id']);
});
