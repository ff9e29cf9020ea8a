/**
 * Where telemetry comes from: services send OTLP, and write logs to files. A line of a server, or
 * one that is no JSON, is dropped: only lines of services are known to name no person.
 */
export const OTLP_RECEIVER = {
  protocols: {
    http: { endpoint: '${env:ZAMENI_COLLECTOR_HOST:-127.0.0.1}:4318' },
    grpc: { endpoint: '${env:ZAMENI_COLLECTOR_HOST:-127.0.0.1}:4317' },
  },
} as const;

/** Reads lines in Elastic Common Schema. Each names its service, level, time, trace and span. */
export const LOG_RECEIVER = {
  include: ['${env:ZAMENI_LOG_FILES}'],
  // A security log names operators and the people they acted on.
  exclude: ['**/*.security.log'],
  start_at: 'end',
  include_file_name: false,
  max_log_size: '64KiB',
  operators: [
    { type: 'filter', expr: 'not (body matches "^\\\\{.*\\"ecs.version\\"")' },
    {
      type: 'json_parser',
      on_error: 'drop',
      timestamp: {
        parse_from: 'attributes["@timestamp"]',
        layout_type: 'gotime',
        layout: '2006-01-02T15:04:05.999Z07:00',
      },
      severity: { parse_from: 'attributes["log.level"]' },
    },
    {
      type: 'trace_parser',
      if: 'attributes["trace.id"] != nil',
      trace_id: { parse_from: 'attributes["trace.id"]' },
      span_id: { parse_from: 'attributes["span.id"]' },
    },
    ...moves({
      'attributes["service.name"]': 'resource["service.name"]',
      'attributes["service.node.name"]': 'resource["service.instance.id"]',
      'attributes.message': 'body',
    }),
  ],
} as const;

function moves(pairs: Readonly<Record<string, string>>) {
  return Object.entries(pairs).map(([from, to]) => ({
    type: 'move',
    from,
    to,
    if: `${from} != nil`,
  }));
}
