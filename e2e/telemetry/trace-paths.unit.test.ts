import test from 'ava';
import { spanOf } from '../../deploy/telemetry/otlp/span.fixture.ts';
import { toPaths } from './trace-paths.ts';

const [one = '', two = '', three = ''] = ['1', '2', '3'].map((digit) => digit.repeat(16));
const gateway = spanOf({ spanId: one, parentSpanId: 'a'.repeat(16), service: 'gateway' });

test('a path has the names of all ancestors', (t) => {
  const api = spanOf({ spanId: two, parentSpanId: one, name: 'POST' });
  const also = spanOf({ spanId: three, parentSpanId: one, name: 'POST' });
  t.deepEqual(
    [...toPaths([api, gateway, also])],
    [
      ['gateway: decide > command-api: POST', [api, also]],
      ['gateway: decide', [gateway]],
    ],
  );
});

test('spans that are their own ancestors end nothing', (t) => {
  const ring = [
    spanOf({ spanId: one, parentSpanId: two, name: 'a' }),
    spanOf({ spanId: two, parentSpanId: one, name: 'b' }),
  ];
  t.is(toPaths(ring).size, 2);
});
