/** How the gateway is watched. */
export type GatewayTelemetry = {
  /** Where it serves its own figures. */
  readonly metricsPort: number;
  /** The UDP port of the exporter, which makes spans of log lines. */
  readonly logPort: number;
  /** Share of the requests without a valid `traceparent` that are traced, 0 to 1. */
  readonly traceRatio: number;
  /**
   * Whether the trace of a caller goes on. Its id is then written to the log with each record, for
   * ever, and the caller decides what is sampled: only callers of one's own may be trusted.
   */
  readonly trustsCallers: boolean;
};

/** Resolution of the ratio: one in a million requests is the smallest share. */
const PARTS = 1_000_000;

/** A trace context of version 00, and one that names nothing. */
const CONTEXT = '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$';
const ZERO_ID = '-(0{32}|0{16})-';

/**
 * What a log line has, as JSON: no path, no query, no header and no address. Times are microseconds
 * since 1970, durations milliseconds. HAProxy takes only characters of tokens in a method, and the
 * other texts are our own, so no value can end its quotes.
 */
const FIELDS = {
  trace: '"%[var(txn.trace_id)]"',
  span: '"%[var(txn.span_id)]"',
  parent: '"%[var(txn.parent_id)]"',
  start: '%[var(txn.start)]',
  end: '%[date(0,us)]',
  method: '"%HM"',
  status: '%ST',
  backend: '"%b"',
  server: '"%s"',
  queue: '%Tw',
  connect: '%Tc',
  response: '%Tr',
  ended: '"%ts"',
} as const;

/** Rules that continue the trace of a caller. */
const CONTINUE = ['trace_id', 'parent_id', 'flags']
  .map(
    (name, n) =>
      `  http-request set-var(txn.${name}) var(txn.context),field(${n + 2},-) if is_single is_context !is_zero`,
  )
  .join('\n');

/**
 * Rules of the frontend that come before all others, so that its own answers are traced too. Each
 * request gets a span of the gateway: in the trace of a trusted caller whose `traceparent` is valid,
 * else in a trace of its own. Only sampled requests are logged.
 */
export function traceRules({ logPort, traceRatio, trustsCallers }: GatewayTelemetry): string {
  const share = Math.round(traceRatio * PARTS);
  const line = Object.entries(FIELDS)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',');
  return `
  # Connections without a request, as probes make them.
  option dontlognull
  log 127.0.0.1:${logPort} len 1024 format raw local0 info
  log-format '{${line}}'
  http-request set-var(txn.start) date(0,us)
  http-request set-var(txn.context) req.fhdr(traceparent)
  acl is_single req.fhdr_cnt(traceparent) eq 1
  acl is_context var(txn.context) -m reg '${CONTEXT}'
  acl is_zero var(txn.context) -m reg -- '${ZERO_ID}'
  http-request set-var(txn.span_id) uuid,regsub(-,,g),bytes(0,16)
${trustsCallers ? CONTINUE : '  # Callers are not trusted: each request begins a trace.'}
  acl has_trace var(txn.trace_id) -m found
  # Free text of callers, which would go to whoever gets the spans.
  http-request del-header tracestate
  http-request del-header baggage
  http-request set-var(txn.flags) str(00) unless has_trace
  http-request set-var(txn.flags) str(01) if !has_trace { rand(${PARTS}) lt ${share} }
  http-request set-var(txn.trace_id) uuid,regsub(-,,g) unless has_trace
  http-request set-header traceparent 00-%[var(txn.trace_id)]-%[var(txn.span_id)]-%[var(txn.flags)]
  http-request set-log-level silent unless { var(txn.flags) -m reg '[13579bdf]$' }`;
}

/** The frontend with HAProxy's own figures, on loopback. */
export function metricsFrontend({ metricsPort }: GatewayTelemetry): string {
  return `
frontend gateway-metrics
  bind 127.0.0.1:${metricsPort}
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 404
`;
}
