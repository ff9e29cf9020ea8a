/** A metric that a library measures, under the name that it has there. */
export type LibraryMetric = {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly description: string;
  /** Names of its attributes. */
  readonly attributes: readonly string[];
};

const gauge = (name: string, unit: string, description: string, attributes: string[] = []) =>
  ({ name, kind: 'gauge', unit, description, attributes }) as const;

const delay = (name: string, description: string) =>
  gauge(
    `nodejs.eventloop.delay.${name}`,
    's',
    `${description} of the event loop since the last read`,
  );

const SPACE = ['v8js.heap.space.name'];
const QUEUE = ['otel.component.type', 'otel.component.name'];

/**
 * Metrics of each process that libraries measure: `@opentelemetry/instrumentation-runtime-node`
 * (`nodejs.*`, `v8js.*`) and the SDK itself (`otel.sdk.*`, only with traces). A test holds the list
 * equal to what a process exposes.
 */
export const LIBRARY_METRICS: readonly LibraryMetric[] = [
  gauge('nodejs.eventloop.utilization', '1', 'Share of time in which the event loop works'),
  {
    name: 'nodejs.eventloop.time',
    kind: 'counter',
    unit: 's',
    description: 'Time that the event loop was in a state: `active` or `idle`',
    attributes: ['nodejs.eventloop.state'],
  },
  delay('min', 'Least delay'),
  delay('max', 'Longest delay'),
  delay('mean', 'Mean delay'),
  delay('stddev', 'Standard deviation of delays'),
  delay('p50', 'Median delay'),
  delay('p90', '90th percentile of delays'),
  delay('p99', '99th percentile of delays'),
  {
    name: 'v8js.gc.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time of a garbage collection: `minor`, `major`, `incremental` or `weakcb`',
    attributes: ['v8js.gc.type'],
  },
  gauge('v8js.memory.heap.space.size', 'By', 'Size of a space of the heap', SPACE),
  gauge('v8js.memory.heap.used', 'By', 'Used part of a space of the heap', SPACE),
  gauge('v8js.memory.heap.space.available_size', 'By', 'Free part of a space', SPACE),
  gauge('v8js.memory.heap.space.physical_size', 'By', 'Committed part of a space', SPACE),
  gauge('v8js.resource.active', '{resource}', 'Resources that keep the process alive, by type', [
    'v8js.resource.type',
  ]),
  gauge(
    'otel.sdk.processor.span.queue.capacity',
    '{span}',
    'Most spans that wait for export',
    QUEUE,
  ),
  gauge('otel.sdk.processor.span.queue.size', '{span}', 'Spans that wait for export', QUEUE),
  {
    name: 'otel.sdk.processor.span.processed',
    kind: 'counter',
    unit: '{span}',
    description:
      'Spans that left the queue. With `error.type`: lost; `queue_full` if the collector is too slow',
    attributes: [...QUEUE, 'error.type'],
  },
];
