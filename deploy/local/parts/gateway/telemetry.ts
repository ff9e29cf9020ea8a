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
   * ever, and the caller decides what is sampled: only callers of one's own may be trusted. The
   * trace of any other caller is linked.
   */
  readonly trustsCallers: boolean;
};

/**
 * The header in which the trace context of a caller who is not trusted reaches a service, for a
 * link. `runtime/src/http/observe-requests.ts` reads it.
 */
const CALLER_TRACEPARENT = 'Zameni-Caller-Traceparent';

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

/** Sampled requests of one source a second that a caller may ask for. Further ones are not sampled. */
const MAX_SAMPLED = 200;

/** The context of a caller, if it sent exactly one and that is valid. */
const IF_VALID = 'if is_single is_context !is_zero';

/** Rules that continue the trace of a caller, and bound what it can sample. */
const CONTINUE = `${['trace_id', 'parent_id', 'flags']
  .map((name, n) => {
    return `  http-request set-var(txn.${name}) var(txn.context),field(${n + 2},-) ${IF_VALID}`;
  })
  .join('\n')}
  stick-table type ipv6 size 10k expire 1m store gpc0_rate(1s)
  http-request track-sc0 src if is_sampled
  http-request sc-inc-gpc0(0) if is_sampled
  http-request set-var(txn.flags) str(00) if is_sampled { sc0_gpc0_rate gt ${MAX_SAMPLED} }`;

/** Rules that begin a trace for each request. The span of the service links to that of the caller. */
const LINK = `  http-request set-header ${CALLER_TRACEPARENT} %[var(txn.context)] ${IF_VALID}`;

/**
 * Rules that keep from services what callers must not tell them: the services believe the first
 * two, and the others are free text, which would go to whoever gets the spans.
 */
export const DELETE_TRACE_HEADERS = ['traceparent', CALLER_TRACEPARENT, 'tracestate', 'baggage']
  .map((name) => `  http-request del-header ${name}`)
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
  acl is_sampled var(txn.flags) -m reg '[13579bdf]$'
  acl has_trace var(txn.trace_id) -m found
  http-request set-var(txn.span_id) uuid,regsub(-,,g),bytes(0,16)
  http-request del-header ${CALLER_TRACEPARENT}
${trustsCallers ? CONTINUE : LINK}
  http-request set-var(txn.flags) str(00) unless has_trace
  http-request set-var(txn.flags) str(01) if !has_trace { rand(${PARTS}) lt ${share} }
  http-request set-var(txn.trace_id) uuid,regsub(-,,g) unless has_trace
  http-request set-header traceparent 00-%[var(txn.trace_id)]-%[var(txn.span_id)]-%[var(txn.flags)]
  http-request del-header tracestate
  http-request del-header baggage
  http-request set-log-level silent unless is_sampled`;
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
