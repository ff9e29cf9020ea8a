import type { CollectorConfig } from './config-schema.ts';
import { DESTINATIONS, type Destination, type Signal } from './destinations.ts';
import { LOG_RECEIVER, OTLP_RECEIVER } from './sources.ts';

/** The names of variables that are set; their values are of no concern. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration, or what must be set first. */
export type ConfigResult =
  | { readonly ok: true; readonly config: CollectorConfig }
  | { readonly ok: false; readonly faults: readonly string[] };

const SIGNALS = ['traces', 'metrics', 'logs'] as const;

/**
 * Makes the configuration for the destinations whose key is set. The collector has no conditions of
 * its own. Keys are named, never written.
 */
export function createCollectorConfig(env: Environment): ConfigResult {
  const isSet = (name: string) => env[name] !== undefined && env[name] !== '';
  const chosen = DESTINATIONS.filter(({ key }) => isSet(key));
  const faults = chosen.flatMap(({ title, needs }) =>
    needs.filter((name) => !isSet(name)).map((name) => `${title} needs ${name}`),
  );
  if (chosen.length === 0) {
    faults.push(`no destination is chosen: set ${DESTINATIONS.map(({ key }) => key).join(', ')}`);
  }
  return faults.length > 0
    ? { ok: false, faults }
    : { ok: true, config: assemble(chosen, isSet('ZAMENI_LOG_FILES')) };
}

function assemble(chosen: readonly Destination[], hasLogs: boolean): CollectorConfig {
  const pipelines: CollectorConfig['service']['pipelines'] = Object.fromEntries(
    SIGNALS.flatMap((signal) => {
      const exporters = chosen.filter(({ signals }) => signals.includes(signal));
      if (exporters.length === 0 || (signal === 'logs' && !hasLogs)) return [];
      return [[signal, pipelineOf(signal, exporters)]];
    }),
  );
  const used = new Set(Object.values(pipelines).flatMap(({ exporters }) => exporters));
  return {
    receivers: {
      otlp: OTLP_RECEIVER,
      ...(pipelines['logs'] === undefined ? {} : { file_log: LOG_RECEIVER }),
    },
    processors: {
      memory_limiter: { check_interval: '1s', limit_mib: 400, spike_limit_mib: 100 },
      batch: { timeout: '1s', send_batch_size: 1_000, send_batch_max_size: 2_000 },
      ...(pipelines['traces'] === undefined ? {} : { tail_sampling: TAIL_SAMPLING }),
    },
    exporters: Object.fromEntries(
      chosen
        .filter(({ exporter }) => used.has(exporter))
        .map(({ exporter, settings }) => [exporter, settings]),
    ),
    service: {
      telemetry: { logs: { level: 'warn' }, metrics: { level: 'basic' } },
      pipelines,
    },
  };
}

function pipelineOf(
  signal: Signal,
  destinations: readonly Destination[],
): CollectorConfig['service']['pipelines'][string] {
  return {
    receivers: [signal === 'logs' ? 'file_log' : 'otlp'],
    processors:
      signal === 'traces'
        ? ['memory_limiter', 'tail_sampling', 'batch']
        : ['memory_limiter', 'batch'],
    exporters: destinations.map(({ exporter }) => exporter),
  };
}

/**
 * Keeps traces with an error, slow ones and a share of the others, up to a number of spans a second:
 * a caller that is trusted can have every request traced, and each destination has its price. It
 * waits for a trace to be complete, so all spans of a trace must reach the same collector.
 */
const TAIL_SAMPLING = {
  decision_wait: '10s',
  num_traces: 20_000,
  policies: [
    {
      name: 'bounded',
      type: 'composite',
      composite: {
        max_total_spans_per_second: '${env:ZAMENI_MAX_SPANS_PER_SECOND:-2000}',
        policy_order: ['errors', 'slow', 'share'],
        composite_sub_policy: [
          { name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
          {
            name: 'slow',
            type: 'latency',
            latency: { threshold_ms: '${env:ZAMENI_SLOW_TRACE_MS:-500}' },
          },
          {
            name: 'share',
            type: 'probabilistic',
            probabilistic: { sampling_percentage: '${env:ZAMENI_KEPT_TRACES_PERCENT:-10}' },
          },
        ],
        rate_allocation: [
          { policy: 'errors', percent: 50 },
          { policy: 'slow', percent: 30 },
          { policy: 'share', percent: 20 },
        ],
      },
    },
  ],
} satisfies NonNullable<CollectorConfig['processors']['tail_sampling']>;
