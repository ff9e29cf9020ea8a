import test from 'ava';
import { spanOf } from '../../../deploy/telemetry/otlp/span.fixture.ts';
import type { Span } from '../../../deploy/telemetry/otlp/span.ts';
import { createMemoryScreen } from '../framework/io.fixture.ts';
import { drawTrace } from './draw.ts';

const BASE_MS = 1_790_000_000_000;
const traceId = 'a'.repeat(32);
const id = (n: number) => n.toString(16).padStart(16, '0');

/** A span from one time to another, in milliseconds after the first. */
function span(n: number, parent: number | null, [from, to]: [number, number], more: Partial<Span>) {
  const at = (ms: number) => `${BigInt(BASE_MS) * 1_000_000n + BigInt(Math.round(ms * 1e6))}`;
  const parentSpanId = parent === null ? null : id(parent);
  return spanOf({
    traceId,
    spanId: id(n),
    parentSpanId,
    startNs: at(from),
    endNs: at(to),
    ...more,
  });
}

const api = { service: 'command-api', instance: 'command-api-1' };
const projector = { service: 'projector', instance: 'projector-2' };
const registration = [
  span(1, 99, [0, 20], { name: 'POST', service: 'gateway', instance: '' }),
  span(2, 1, [1, 19], { name: 'POST /v1/registrations', ...api }),
  span(3, 2, [2, 2.5], { name: 'decide', ...api }),
  span(4, 2, [3, 18], { name: 'append', ...api, links: [1, 2, 3, 4, 5, 6, 7].map(toLink) }),
  span(5, 4, [19, 40], {
    name: 'apply',
    ...projector,
    status: { code: 'error', message: 'the row is locked' },
    links: [{ traceId, spanId: id(1), attributes: {} }],
  }),
];
const linking = [
  span(7, null, [50, 60], { traceId: 'f'.repeat(32), name: 'redrive', ...projector }),
];

function toLink(n: number) {
  return { traceId: String(n).repeat(32), spanId: id(1), attributes: {} };
}

const draw = (spans: readonly Span[], columns: number, others: readonly Span[] = []) =>
  drawTrace({ traceId, spans, linking: others }, createMemoryScreen({ columns: () => columns }));

test('draws a trace as a tree with times, links and failures', (t) => {
  t.is(
    draw(registration, 100, linking),
    `trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
began 2026-09-21T14:13:20.000Z, took 40.00 ms, 5 spans
in command-api, gateway, projector

  0.00 ms   20.00 ms  ━━━━      POST  gateway (its parent is elsewhere)
  1.00 ms   18.00 ms  ━━━━      └─ POST /v1/registrations  command-api-1
  2.00 ms    0.50 ms  ━            ├─ decide  command-api-1
  3.00 ms   15.00 ms  ━━━          └─ append  command-api-1
                                      ↪ 11111111111111111111111111111111
                                      ↪ 22222222222222222222222222222222
                                      ↪ 33333333333333333333333333333333
                                      ↪ 44444444444444444444444444444444
                                      ↪ 55555555555555555555555555555555
                                      ↪ and 2 more
 19.00 ms   21.00 ms     ━━━━         └─ apply  projector-2  ✘ the row is locked

Other traces link to this one:
  ffffffffffffffffffffffffffffffff  redrive  projector-2
`,
  );
});

test('the order of arrival does not matter', (t) => {
  t.is(draw(registration.toReversed(), 100), draw(registration, 100));
});

test('a span that arrives twice is drawn once', (t) => {
  const twice = draw([...registration, ...registration], 100).split('\n');
  t.is(twice.filter((line) => line.includes('decide')).length, 1);
});

test('no line is wider than the screen', (t) => {
  const long = [...registration, span(6, 4, [5, 6], { name: 'x'.repeat(200), ...api })];
  for (const columns of [58, 80, 120]) {
    const lines = draw(long, columns, linking).split('\n');
    t.deepEqual(
      lines.filter((line) => line.length > columns),
      [],
      String(columns),
    );
    t.true(lines.some((line) => line.endsWith('…')));
  }
});

test('spans that are each other’s ancestors are drawn too', (t) => {
  const loop = [span(1, 2, [0, 2], { name: 'one' }), span(2, 1, [1, 2], { name: 'two' })];
  t.regex(draw(loop, 80), /one[^]*└─ two/);
  t.regex(draw([span(1, 1, [0, 1], { name: 'own' })], 80), /own/);
});

test('a chain that is too deep is cut off, and says by how much', (t) => {
  const chain = Array.from({ length: 15_000 }, (_, n) =>
    span(n + 1, n === 0 ? null : n, [n, 15_000], { name: 'deep' }),
  );
  const before = process.memoryUsage().heapUsed;
  const text = draw(chain, 100);
  t.true(process.memoryUsage().heapUsed - before < 256 * 1024 * 1024);
  t.regex(text, /, 15000 spans\n/);
  t.regex(text, /\n14935 more spans are too deep or too many\n$/);
  t.true(text.split('\n').length < 100);
});

test('of very many spans the first are drawn', (t) => {
  const wide = Array.from({ length: 5_000 }, (_, n) =>
    span(n + 1, n === 0 ? null : 1, [n, n + 1], { name: 'wide' }),
  );
  t.regex(draw(wide, 100), /\n3000 more spans are too deep or too many\n$/);
});

test('a trace of no duration has a bar', (t) => {
  t.regex(draw([span(1, null, [0, 0], { name: 'now' })], 80), /0\.00 ms {4}0\.00 ms {2}━ +now/);
});

test('names cannot control the terminal', (t) => {
  const evil = span(1, null, [0, 1], { name: '\u001b[2J', instance: 'a\nb' });
  t.regex(draw([evil], 100), /\\u\{1b\}\[2J {2}a\\u\{a\}b\n$/);
});

test('failures are red on a screen with colours', (t) => {
  const screen = createMemoryScreen({ hasColors: true, columns: () => 100 });
  t.true(drawTrace({ traceId, spans: registration, linking: [] }, screen).includes('\u001b[31m'));
});
