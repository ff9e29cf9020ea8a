import {
  createCounter,
  createHistogram,
  type HeadWatch,
  METRICS,
  observe,
  startAtZero,
} from '@zameni/runtime';
import type { Version } from '../versions/version.ts';

/** Measures one version of the read models. */
export type ProjectionMetrics = Disposable & {
  /** Call it with the checkpoint whenever that was moved, or renewed. */
  readonly onProgress: (position: number) => void;
  /** Call it when a batch is applied and cached, with the instants of its records. */
  readonly onBatch: (batch: MeasuredBatch) => void;
  /** Call it when the set of parked subjects changes, with the number of new ones. */
  readonly onParked: (subjects: number, added: number) => void;
};

/** A batch that was applied. */
export type MeasuredBatch = {
  readonly records: number;
  readonly durationMs: number;
  /** Instants (RFC 3339) of the decisions about what can be read now. */
  readonly times: () => readonly string[];
};

/** The version, the log that it follows, and whether this process is active. */
export type ProjectionMetricsOptions = {
  readonly version: () => Pick<Version, 'version' | 'state'>;
  readonly head: Pick<HeadWatch, 'lastHead' | 'pastForMs'>;
  readonly isActive: () => boolean;
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
};

/** Creates the metrics of one version. What is observed has no value while another process is active. */
export function createProjectionMetrics(options: ProjectionMetricsOptions): ProjectionMetrics {
  const { version, head, isActive, now } = options;
  const { projection } = METRICS;
  const measureSize = createHistogram(projection.batchSize);
  const measureDuration = createHistogram(projection.batchDuration);
  const measureReadable = createHistogram(projection.readableDuration);
  const countRecords = createCounter(projection.records);
  const countParkings = createCounter(projection.parkings);
  let begun: string | undefined;
  let position: number | undefined;
  let provenAtMs = 0;
  let parked = 0;

  const attributesOf = () => ({
    'zameni.projection.version': version().version,
    'zameni.projection.state': version().state,
  });
  const stack = new DisposableStack();
  const gauge = (
    metric:
      | typeof projection.position
      | typeof projection.lag
      | typeof projection.lagDuration
      | typeof projection.checkpointAge
      | typeof projection.parkedSubjects,
    read: (checkpoint: number) => number | undefined,
  ) => {
    const observed = observe(metric, () => {
      const value = position === undefined || !isActive() ? undefined : read(position);
      return value === undefined ? [] : [{ value, attributes: attributesOf() }];
    });
    stack.use(observed);
  };
  gauge(projection.position, (checkpoint) => checkpoint);
  gauge(projection.lag, (checkpoint) => {
    const last = head.lastHead();
    return last === undefined ? undefined : Math.max(0, last - checkpoint);
  });
  gauge(projection.lagDuration, (checkpoint) => {
    return head.lastHead() === undefined ? undefined : head.pastForMs(checkpoint) / 1_000;
  });
  gauge(projection.checkpointAge, () => (now() - provenAtMs) / 1_000);
  gauge(projection.parkedSubjects, () => parked);

  return {
    onProgress: (next) => {
      const last = head.lastHead();
      if (next !== position || (last !== undefined && last <= next)) provenAtMs = now();
      position = next;
      const { state } = version();
      if (state === begun) return;
      begun = state;
      startAtZero(projection.records, [attributesOf()]);
      startAtZero(projection.parkings, [attributesOf()]);
    },
    onBatch: ({ records, durationMs, times }) => {
      const attributes = attributesOf();
      measureSize(records, attributes);
      measureDuration(durationMs / 1_000, attributes);
      countRecords(attributes, records);
      if (version().state !== 'live') return;
      for (const time of times()) {
        // Clocks of two hosts differ by a little. However late a record is, people waited for it.
        measureReadable(Math.max(0, now() - Date.parse(time)) / 1_000, {});
      }
    },
    onParked: (subjects, added) => {
      parked = subjects;
      if (added > 0) countParkings(attributesOf(), added);
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}
