/** What a collector passes on. */
export type Signal = 'traces' | 'metrics' | 'logs';

/** A place that telemetry goes to. */
export type Destination = {
  readonly title: string;
  /** The variable that switches it on. */
  readonly key: string;
  /** Other variables that it needs. */
  readonly needs: readonly string[];
  readonly signals: readonly Signal[];
  /** Name of the exporter in the configuration, `TYPE` or `TYPE/NAME`. */
  readonly exporter: string;
  /** Its settings. Values of variables never stand here, only their names. */
  readonly settings: Readonly<Record<string, unknown>>;
};

/** Bounds of what waits for a destination that does not answer: it is dropped, not kept for ever. */
const BOUNDED = {
  timeout: '10s',
  sending_queue: { queue_size: 1_000 },
  retry_on_failure: { max_elapsed_time: '300s' },
} as const;

/** Every destination that can be chosen. */
export const DESTINATIONS: readonly Destination[] = [
  {
    title: 'Jaeger',
    key: 'JAEGER_OTLP_ENDPOINT',
    needs: [],
    signals: ['traces'],
    exporter: 'otlp_http/jaeger',
    settings: { endpoint: '${env:JAEGER_OTLP_ENDPOINT}', ...BOUNDED },
  },
  {
    title: 'Prometheus',
    key: 'PROMETHEUS_LISTEN',
    needs: [],
    signals: ['metrics'],
    exporter: 'prometheus',
    settings: {
      endpoint: '${env:PROMETHEUS_LISTEN}',
      // A process that died must not seem to live: then its lease would seem to be held.
      metric_expiration: '1m',
    },
  },
  {
    title: 'Datadog',
    key: 'DD_API_KEY',
    needs: [],
    signals: ['traces', 'metrics', 'logs'],
    exporter: 'datadog',
    settings: {
      api: { key: '${env:DD_API_KEY}', site: '${env:DD_SITE:-datadoghq.com}' },
      ...BOUNDED,
    },
  },
  {
    title: 'New Relic',
    key: 'NEW_RELIC_LICENSE_KEY',
    needs: [],
    signals: ['traces', 'metrics', 'logs'],
    exporter: 'otlp_http/newrelic',
    settings: {
      endpoint: '${env:NEW_RELIC_OTLP_ENDPOINT:-https://otlp.nr-data.net}',
      headers: { 'api-key': '${env:NEW_RELIC_LICENSE_KEY}' },
      ...BOUNDED,
    },
  },
  {
    title: 'Elastic (ELK)',
    key: 'ELASTIC_APM_SECRET_TOKEN',
    needs: ['ELASTIC_APM_SERVER_URL'],
    signals: ['traces', 'metrics', 'logs'],
    exporter: 'otlp_http/elastic',
    settings: {
      endpoint: '${env:ELASTIC_APM_SERVER_URL}',
      headers: { Authorization: 'Bearer ${env:ELASTIC_APM_SECRET_TOKEN}' },
      ...BOUNDED,
    },
  },
];
