import { DEADLINES } from '@zameni/runtime';
import { type HttpService, MAX_BODY_BYTES, type Route } from '@zameni/contracts';
import { FAILURES, NAME_REQUEST, quote, refuse } from './answers.ts';
import {
  addressRules,
  connectionRules,
  pageRules,
  sourceTables,
  unfinishedRules,
} from './clients.ts';
import { corsRules } from './cors.ts';
import { PAGE_CACHES, PAGE_RULES } from './pages.ts';
import type { GatewaySettings } from './settings.ts';
import {
  DELETE_TRACE_HEADERS,
  type GatewayTelemetry,
  metricsFrontend,
  traceRules,
} from './telemetry.ts';

/** A process behind the gateway. */
export type GatewayTarget = { readonly name: string; readonly port: number };

/** Settings of the gateway. */
export type Gateway = GatewaySettings & {
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

/**
 * Requests that one process gets before their body is whole. HAProxy gives a place back when the
 * request has ended too, so these have places of their own: uploads, and bodies that are too large.
 */
const MAX_UNFINISHED = 100;

/** Most bytes of a head: what Node takes. */
const MAX_HEAD_BYTES = 16_384;

/** A head and a body that a service takes, with what HAProxy adds and keeps free. */
const BUFFER_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES + 4_096;

/** Connections of clients at once. */
const MAX_CONNECTIONS = 4_000;

/**
 * Files that HAProxy may open. It takes two for each connection and some for itself, and does not
 * start with less.
 */
export const GATEWAY_OPEN_FILES = 2 * MAX_CONNECTIONS + 100;

/** Requests that wait per service. A process sheds load itself when it is overloaded. */
const MAX_QUEUED = 200;

/**
 * Milliseconds after which a connection without a request is closed. Longer than clients keep one
 * (undici four seconds, Node's agent five), also if they are late: if the gateway closes
 * first, a request that the client sends in that moment is lost.
 */
const KEEP_ALIVE_MS = 10_000;

/** Milliseconds that a stopping gateway waits for its last answer, after the longest of a service. */
const HARD_STOP_MS = DEADLINES.gatewayServer + 1_000;

/** Milliseconds after which a gateway that was told to stop has ended. */
export const GATEWAY_STOP_MS = HARD_STOP_MS + 1_000;

/** Writes the gateway's configuration. The query API answers unknown paths of /v1. */
export function haproxyConfig(gateway: Gateway): string {
  const { port, routes, targets, telemetry, origins, proxies, sources } = gateway;
  return `global
  log stdout format raw local0 notice
  maxconn ${MAX_CONNECTIONS}
  nbthread 2
  tune.bufsize ${BUFFER_BYTES}
  # A reader may wait for a position as long as a service takes to answer.
  hard-stop-after ${HARD_STOP_MS}ms

defaults
  mode http
  log global
  option httplog
  timeout client 30s
  timeout http-request 5s
  timeout http-keep-alive ${KEEP_ALIVE_MS}ms
  timeout connect 2s
  timeout queue 1s
  timeout server ${DEADLINES.gatewayServer}ms
  # A busy process answers late but is not dead. Without this, load could take out all processes.
  timeout check 2s
  http-reuse safe
${FAILURES}

${PAGE_CACHES}

frontend gateway
  # A connection of HTTP/2 would have a hundred requests at once.
  option disable-h2-upgrade
  bind 127.0.0.1:${port}${connectionRules(sources, proxies)}${telemetry === null ? '' : traceRules(telemetry)}
${NAME_REQUEST}
  # For callers a missing service and a broken connection are one fault: try again soon.
  http-after-response set-status 503 if { status 502 }
  # It is about a service's connection with the gateway, which keeps those of clients less long.
  http-response del-header Keep-Alive${corsRules(origins)}
${addressRules(proxies)}${telemetry === null ? `\n${DELETE_TRACE_HEADERS}` : ''}
  acl is_page path / /docs /verify /openapi.json
  acl is_page path_beg /docs/ /verify/
  acl is_public path /v1
  acl is_public path_beg /v1/
  ${refuse('not-found')} unless is_public or is_page
  # Of two, a service believes the first. Somebody before it may have looked at the other.
  ${refuse('malformed-header')} if { req.fhdr_cnt(authorization) gt 1 }
  ${refuse('malformed-header')} if { req.fhdr_cnt(content-type) gt 1 }
  # Pages are the same for everybody.${pageRules(sources)}
${PAGE_RULES}
  # Beside a head of this length a body that a service takes is read in whole.
  http-request set-var(txn.head_bytes) req.hdrs,length
  ${refuse('bad-request')} if { url,length,add(txn.head_bytes) gt ${MAX_HEAD_BYTES} }
  # Long uploads are streamed to services that bound their time. Only their start is awaited.
${routes
  .filter(({ isStreamed }) => isStreamed)
  .map(streamedRule)
  .join('\n')}
  acl is_streamed var(txn.is_streamed) -m found
  http-request wait-for-body time 10s at-least 1 if is_streamed
  # Reads the whole body before a service gets the request, and cuts off slow clients.
  http-request wait-for-body time 10s unless is_streamed
  acl is_unfinished var(txn.is_streamed) -m found
  acl is_unfinished req.body_len gt ${MAX_BODY_BYTES}${unfinishedRules(sources)}
  # Already answered above. An interim response of a service would delay a long response after it.
  http-request del-header Expect
${routes
  .filter(({ service }) => service !== 'query-api')
  .map((route) => routeRule(route, 'is_unfinished'))
  .join('\n')}
  use_backend ${unfinished('query-api')} if is_unfinished
${routes.map((route) => routeRule(route)).join('\n')}
  default_backend query-api

${backends('command-api', targets['command-api'])}

${backends('query-api', targets['query-api'])}
${sourceTables(sources)}${telemetry === null ? '' : metricsFrontend(telemetry)}`;
}

/** Creates the pattern of a path: `{id}` matches one segment. */
export function pathPattern(path: string): string {
  const segments = path.split('/').map((segment) => {
    return /^\{\w+\}$/.test(segment) ? '[^/]+' : segment.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&');
  });
  return `^${segments.join('/')}$`;
}

function routeRule({ service, method, path }: Route, only?: 'is_unfinished'): string {
  const [name, condition] = only === undefined ? [service, ''] : [unfinished(service), `${only} `];
  return `  use_backend ${name} if ${condition}${ofRoute({ method, path })}`;
}

/** With any other method the body is awaited, and the query API refuses it. */
function streamedRule(route: Route): string {
  return `  http-request set-var(txn.is_streamed) bool(true) if ${ofRoute(route)}`;
}

function ofRoute({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `{ method ${method} } { path_reg ${quote(pathPattern(path))} }`;
}

/** The backend of a service for requests whose body is not whole. */
function unfinished(name: HttpService): string {
  return `${name}-unfinished`;
}

/** The backends of a service. Both have the same servers, which are checked once. */
function backends(name: HttpService, targets: readonly GatewayTarget[]): string {
  return `backend ${name}
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  ${refuseCrowd(name)}
  # A request that may have arrived is sent again only if it is idempotent.
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless { method GET }
  default-server check inter 500ms fastinter 200ms fall 2 rise 1 maxconn ${MAX_IN_PROCESS[name]}
${targets.map((target) => `  server ${target.name} 127.0.0.1:${target.port}`).join('\n')}

backend ${unfinished(name)}
  balance roundrobin
  ${refuseCrowd(unfinished(name))}
  retries 2
  option redispatch 1
  default-server maxconn ${MAX_UNFINISHED}
${targets.map(({ name: server, port }) => `  server ${server} 127.0.0.1:${port} track ${name}/${server}`).join('\n')}`;
}

/** A random delay, so that callers that are refused together do not return together. */
function refuseCrowd(name: string): string {
  return `${refuse('overloaded', '%[rand(3),add(1)]')} if { queue(${name}) ge ${MAX_QUEUED} }`;
}
