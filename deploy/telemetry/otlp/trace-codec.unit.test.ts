import test from 'ava';
import { spanOf } from './span.fixture.ts';
import { createTraceCodec } from './trace-codec.ts';

const codec = createTraceCodec();

const span = spanOf({
  parentSpanId: '00f067aa0ba902b7',
  name: 'publish ACCOUNTS',
  kind: 'producer',
  status: { code: 'error', message: 'conflict' },
  attributes: {
    'messaging.system': 'nats',
    'zameni.commit.tries': 2,
    'zameni.share': 0.5,
    'zameni.is-first': false,
    'zameni.parts': ['a', 'b'],
  },
  links: [
    {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '53995c3f42cd8ad8',
      attributes: { 'zameni.record.kind': 'registered' },
    },
  ],
  events: [{ name: 'exception', timeNs: '1790000000123500000', attributes: {} }],
});

test('a span is the same after it was sent', (t) => {
  const others = {
    ...span,
    instance: 'command-api-2',
    parentSpanId: null,
    kind: 'server',
  } as const;
  const { spans, refused } = codec.decode(codec.encode([span, others]));
  t.deepEqual(spans, [span, others]);
  t.is(refused, 0);
});

test('reads the bytes that the specification describes', (t) => {
  // resource_spans > scope_spans > a span with ids, a name and its times, field by field.
  const fields = [
    `0a10${span.traceId}`,
    `1208${span.spanId}`,
    '2a04' + Buffer.from('name').toString('hex'),
    '3003',
    '390100000000000000',
    '41ff00000000000000',
  ].join('');
  const nest = (tag: string, hex: string) =>
    tag + (hex.length / 2).toString(16).padStart(2, '0') + hex;
  const bytes = Buffer.from(nest('0a', nest('12', nest('12', fields))), 'hex');
  const { spans } = codec.decode(bytes);
  t.like(spans[0], {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: null,
    service: '',
    name: 'name',
    kind: 'client',
    startNs: '1',
    endNs: '255',
    status: { code: 'unset', message: '' },
  });
});

test('a span without proper ids is counted and left out', (t) => {
  const { spans, refused } = codec.decode(codec.encode([{ ...span, traceId: 'ab' }, span]));
  t.is(spans.length, 1);
  t.is(refused, 1);
});

test('a span with a name that is not one of ours is counted and left out', (t) => {
  const names = ['vera@example.org', 'Vera\n', '\u001b[2J', 'Вера', '', 'x'.repeat(201)];
  const forged = [
    ...names.map((name) => ({ ...span, name })),
    { ...span, service: 'Vera' },
    { ...span, instance: 'vera@example.org' },
    { ...span, status: { code: 'error', message: 'vera@example.org' } } as const,
    { ...span, events: [{ name: 'vera@example.org', timeNs: '1', attributes: {} }] },
  ];
  const decoded = codec.decode(codec.encode([...forged, span]));
  t.deepEqual(decoded, { spans: [span], refused: forged.length });
});

test('throws for bytes that are no request', (t) => {
  t.throws(() => codec.decode(Buffer.from('not protobuf at all')));
  t.deepEqual(codec.decode(new Uint8Array()), { spans: [], refused: 0 });
});
