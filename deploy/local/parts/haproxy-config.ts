import { DEADLINES } from '@zameni/runtime';
import {
  ERROR_CODES,
  type ErrorCode,
  type HttpService,
  PROBLEM_TYPE_BASE,
  type Route,
} from '@zameni/contracts';

import {
  DELETE_TRACE_HEADERS,
  type GatewayTelemetry,
  metricsFrontend,
  TRACE_MEMBER,
  traceRules,
} from './gateway-telemetry.ts';

/** A process behind the gateway. */
export type GatewayTarget = { readonly name: string; readonly port: number };

/** Settings of the gateway. */
export type Gateway = {
  readonly port: number;
  readonly routes: readonly Route[];
  readonly targets: Readonly<Record<HttpService, readonly GatewayTarget[]>>;
  /** Null if nothing watches it. It then passes no trace context on. */
  readonly telemetry: GatewayTelemetry | null;
};

/**
 * Requests that one process of a service handles at once. Readers who wait for a position need
 * little, so the query API takes more. More registrations would only wait longer: with these and
 * `MAX_QUEUED` 99 of 100 accepted ones take 0.55 s at most among 3,000 clients (bench/results.md).
 */
const MAX_IN_PROCESS = { 'command-api': 550, 'query-api': 1_000 } as const;

/** Requests that wait per service. A process sheds load itself when it is overloaded. */
const MAX_QUEUED = 200;

/** Responses of the gateway itself, by their original status. */
const OWN_ANSWERS: readonly (readonly [status: number, code: ErrorCode])[] = [
  [400, 'bad-request'],
  [408, 'request-timeout'],
  [500, 'internal'],
  [502, 'service-unavailable'],
  [503, 'service-unavailable'],
  [504, 'gateway-timeout'],
];

/** Writes the gateway's configuration. The query API answers unknown paths of /v1. */
export function haproxyConfig({ port, routes, targets, telemetry }: Gateway): string {
  const isTraced = telemetry !== null;
  return `global
  log stdout format raw local0 notice
  maxconn 4000
  nbthread 2
  hard-stop-after 5s

defaults
  mode http
  log global
  option httplog
  timeout client 30s
  timeout http-request 5s
  timeout http-keep-alive 30s
  timeout connect 2s
  timeout queue 1s
  timeout server ${DEADLINES.gatewayServer}ms
  # A busy process answers late but is not dead. Without this, load could take out all processes.
  timeout check 2s
  http-reuse safe
${OWN_ANSWERS.map(([status, code]) => `  ${ownAnswer(status, code, isTraced)}`).join('\n')}

frontend gateway
  bind 127.0.0.1:${port}${telemetry === null ? '' : traceRules(telemetry)}
  # For callers a missing service and a broken connection are one fault: try again soon.
  http-after-response set-status 503 if { status 502 }
  # Replaces the client's own value. The services trust one hop and count clients by this header.
  http-request set-header X-Forwarded-For %[src]
  http-request del-header Forwarded${telemetry === null ? `\n${DELETE_TRACE_HEADERS}` : ''}
  acl is_public path /v1 /docs /verify /openapi.json
  acl is_public path_beg /v1/ /docs/ /verify/
  http-request return status 404 content-type application/problem+json ${problem(404, 'not-found', isTraced)} unless is_public
  # Long uploads are streamed to services that bound their time. Only their start is awaited.
${routes
  .filter(({ isStreamed }) => isStreamed)
  .map(streamedRule)
  .join('\n')}
  http-request wait-for-body time 10s at-least 1 if is_streamed
  # Reads the whole body before a service gets the request, and cuts off slow clients.
  http-request wait-for-body time 10s unless { method GET HEAD } or is_streamed
  # Already answered above. An interim response of a service would delay a long response after it.
  http-request del-header Expect
${routes.map(routeRule).join('\n')}
  default_backend query-api

${backend('command-api', targets['command-api'], isTraced)}

${backend('query-api', targets['query-api'], isTraced)}
${telemetry === null ? '' : metricsFrontend(telemetry)}`;
}

/** Creates the pattern of a path: `{id}` matches one segment. */
export function pathPattern(path: string): string {
  const segments = path.split('/').map((segment) => {
    return /^\{\w+\}$/.test(segment) ? '[^/]+' : segment.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&');
  });
  return `^${segments.join('/')}$`;
}

function routeRule({ service, method, path }: Route): string {
  return `  use_backend ${service} if { method ${method} } { path_reg ${quote(pathPattern(path))} }`;
}

/** With any other method the service refuses the body unread. */
function streamedRule({ path }: Route): string {
  return `  acl is_streamed path_reg ${quote(pathPattern(path))}`;
}

function backend(name: HttpService, targets: readonly GatewayTarget[], isTraced: boolean): string {
  return `backend ${name}
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  # A random delay, so that callers that are refused together do not return together.
  http-request return status 503 content-type application/problem+json ${problem(503, 'overloaded', isTraced)} hdr Retry-After %[rand(3),add(1)] hdr Cache-Control no-store if { queue(${name}) ge ${MAX_QUEUED} }
  # A request that may have arrived is sent again only if it is idempotent.
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless { method GET }
  default-server check inter 500ms fastinter 200ms fall 2 rise 1 maxconn ${MAX_IN_PROCESS[name]}
${targets.map((target) => `  server ${target.name} 127.0.0.1:${target.port}`).join('\n')}`;
}

function ownAnswer(status: number, code: ErrorCode, isTraced: boolean): string {
  const shown = status === 502 ? 503 : status;
  const retry = shown === 503 ? ' hdr Retry-After 1' : '';
  return `http-error status ${status} content-type application/problem+json ${problem(shown, code, isTraced)}${retry}`;
}

/** The body of an answer: with the id of its trace, if there is one, as the last member. */
function problem(status: number, code: ErrorCode, isTraced: boolean): string {
  const text = JSON.stringify({
    type: `${PROBLEM_TYPE_BASE}${code}`,
    title: ERROR_CODES[code],
    status,
    code,
  });
  if (!isTraced) return `string ${quote(text)}`;
  return `lf-string ${quote(`${text.replaceAll('%', '%%').slice(0, -1)}${TRACE_MEMBER}}`)}`;
}

/** Quotes a text so that HAProxy takes every character literally. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
