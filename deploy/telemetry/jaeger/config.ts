/** The addresses of a Jaeger. */
export type JaegerOptions = {
  readonly host: string;
  /** Its pages and its query API. */
  readonly queryPort: number;
  readonly queryGrpcPort: number;
  readonly otlpHttpPort: number;
  readonly otlpGrpcPort: number;
};

/** Traces that are kept. The oldest make room. */
const MAX_TRACES = 10_000;

/**
 * Writes the configuration of Jaeger 2 with everything in one process. It has no listener besides
 * those of the options: no metrics of its own, no protocols of older clients.
 */
export function jaegerConfig(options: JaegerOptions): string {
  const at = (port: number) => ({ endpoint: `${options.host}:${port}` });
  const config = {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: {
        traces: {
          receivers: ['otlp'],
          processors: ['batch'],
          exporters: ['jaeger_storage_exporter'],
        },
      },
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    },
    extensions: {
      jaeger_storage: { backends: { newest: { memory: { max_traces: MAX_TRACES } } } },
      jaeger_query: {
        storage: { traces: 'newest' },
        http: at(options.queryPort),
        grpc: at(options.queryGrpcPort),
        // Otherwise it sends traces of itself to a port where nobody listens.
        enable_tracing: false,
      },
    },
    receivers: {
      otlp: { protocols: { grpc: at(options.otlpGrpcPort), http: at(options.otlpHttpPort) } },
    },
    processors: { batch: { timeout: '200ms' } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'newest' } },
  };
  // JSON is YAML too.
  return `${JSON.stringify(config, null, 2)}\n`;
}
