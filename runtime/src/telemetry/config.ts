import { type Static, Type } from 'typebox';

/**
 * Variables of OpenTelemetry that every service takes. They are read by our own configuration, so a
 * fault in one of them stops the start like any other fault. Of further variables the exporters
 * read those for TLS and compression themselves (`OTEL_EXPORTER_OTLP_CERTIFICATE`,
 * `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY`,
 * `OTEL_EXPORTER_OTLP_COMPRESSION`). All others are ignored: platforms set them for every program.
 */
export const telemetryVariables = {
  OTEL_SDK_DISABLED: Type.Enum(['true', 'false'], {
    default: 'false',
    description: 'Whether metrics and traces are off',
    example: 'true',
  }),
  OTEL_METRICS_EXPORTER: Type.String({
    pattern: '^(none|(prometheus|otlp)(,(prometheus|otlp))?)$',
    default: 'prometheus',
    description:
      'Where metrics go: prometheus (GET /metrics), otlp (sent to the endpoint), both, or none',
    example: 'prometheus,otlp',
  }),
  OTEL_METRIC_EXPORT_INTERVAL: Type.Intersect(
    [Type.Integer({ minimum: 1_000, maximum: 3_600_000 })],
    {
      default: 60_000,
      description: 'Milliseconds between two exports of metrics by OTLP',
      example: '60000',
    },
  ),
  OTEL_TRACES_EXPORTER: Type.Enum(['otlp', 'none'], {
    default: 'otlp',
    description: 'Where traces go: otlp (to the endpoint, if there is one) or none',
    example: 'otlp',
  }),
  OTEL_TRACES_SAMPLER: Type.Enum(['parentbased_traceidratio'], {
    default: 'parentbased_traceidratio',
    description: 'Which traces are kept: those of the caller, and a share of those that begin here',
    example: 'parentbased_traceidratio',
  }),
  OTEL_TRACES_SAMPLER_ARG: Type.Intersect([Type.Number({ minimum: 0, maximum: 1 })], {
    default: 0.01,
    description: 'Share of the traces that begin here and are kept',
    example: '0.01',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.Refine(
      Type.String({
        // Credentials belong in the headers: an address is logged and shown.
        pattern: '^https?://[^@?#\\s]+$',
        description: 'OTLP collector, without credentials. Traces are on if it is set',
        example: 'http://127.0.0.1:4318',
      }),
      (text) => URL.canParse(text),
    ),
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Enum(['http/protobuf'], {
    default: 'http/protobuf',
    description: 'Protocol of the collector',
    example: 'http/protobuf',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: Type.Optional(
    Type.String({
      pattern: '^[^=,\\s]+=[^=,\\s]*(,[^=,\\s]+=[^=,\\s]*)*$',
      description: 'Headers for the collector, percent-encoded',
      example: 'api-key=secret',
    }),
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: Type.Intersect([Type.Integer({ minimum: 100, maximum: 30_000 })], {
    default: 5_000,
    description: 'Milliseconds that one export may take',
    example: '5000',
  }),
  OTEL_RESOURCE_ATTRIBUTES: Type.Optional(
    Type.String({
      pattern: '^[\\w.-]+=[^=,\\s]*(,[\\w.-]+=[^=,\\s]*)*$',
      description: 'Attributes of everything that the process reports, percent-encoded',
      example: 'deployment.environment.name=production',
    }),
  ),
};

const TelemetryConfig = Type.Object(telemetryVariables);

/** The validated variables. */
export type TelemetryConfig = Static<typeof TelemetryConfig>;

/** What is on, and where it goes. */
export type TelemetrySettings = {
  readonly prometheus: boolean;
  /** The collector, if something is sent to it. */
  readonly otlp:
    | {
        readonly endpoint: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly timeoutMs: number;
        readonly metricsEveryMs: number | undefined;
        /** Share of the traces that are kept; undefined without traces. */
        readonly traceRatio: number | undefined;
      }
    | undefined;
  readonly resource: Readonly<Record<string, string>>;
};

/** Interprets the variables. Undefined if telemetry is off. */
export function toTelemetrySettings(config: TelemetryConfig): TelemetrySettings | undefined {
  const exporters = config.OTEL_METRICS_EXPORTER.split(',');
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const hasTraces = endpoint !== undefined && config.OTEL_TRACES_EXPORTER === 'otlp';
  const sendsMetrics = exporters.includes('otlp');
  const prometheus = exporters.includes('prometheus');
  const isOff = config.OTEL_SDK_DISABLED === 'true';
  if (isOff || !(hasTraces || sendsMetrics || prometheus)) return undefined;
  return {
    prometheus,
    otlp:
      hasTraces || sendsMetrics
        ? {
            endpoint: (endpoint ?? DEFAULT_ENDPOINT).replace(/\/$/, ''),
            headers: toPairs(config.OTEL_EXPORTER_OTLP_HEADERS),
            timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
            metricsEveryMs: sendsMetrics ? config.OTEL_METRIC_EXPORT_INTERVAL : undefined,
            traceRatio: hasTraces ? config.OTEL_TRACES_SAMPLER_ARG : undefined,
          }
        : undefined,
    resource: toPairs(config.OTEL_RESOURCE_ATTRIBUTES),
  };
}

/** Where OpenTelemetry sends metrics if no endpoint is named. */
const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';

function toPairs(list: string | undefined): Record<string, string> {
  const pairs = (list ?? '').split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name, decode(value)];
    }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A value that is no percent-encoding stands for itself.
    return text;
  }
}
