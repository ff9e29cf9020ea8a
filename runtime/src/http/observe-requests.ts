import type { ErrorCode } from '@zameni/contracts';
import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isHarmless } from '../telemetry/catalogue/harmless-problems.ts';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { createCounter, createHistogram, observe } from '../telemetry/metrics.ts';
import { isTracing, setAttributes, tracer } from '../telemetry/trace.ts';
import { waitedMsOf } from './note-waits.ts';
import { isInternal, routeOf, UNKNOWN_ROUTE } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of a request and its context; null if its trace is not sampled. */
    trace: { readonly span: Span; readonly context: Context } | null;
    /** The trace of a request, sampled or not; null without tracing. */
    traceId: string | null;
    /** The problem that the answer states. */
    problem: ErrorCode | null;
  }
}

/** Notes the problem of an answer. Without a request it is the answer to bytes that are no HTTP. */
export type CountProblem = (code: ErrorCode, request?: FastifyRequest) => void;

/** Methods that are named in metrics. Any client can send others. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);

/** What conventions call a method that they do not name. */
const OTHER_METHOD = '_OTHER';

/** Counts problems, by route and code. */
export function createProblemCount(): CountProblem {
  const count = createCounter(METRICS.http.problems);
  return (code, request) => {
    if (request !== undefined) request.problem = code;
    const route = request === undefined ? UNKNOWN_ROUTE : routeOf(request);
    count({ 'http.route': route, 'zameni.problem.code': code });
  };
}

/**
 * Measures and traces requests, except those for internal routes: probes would dilute the figures.
 * A request ends with its answer, or when its client goes away.
 *
 * The server span is made here and not by an instrumentation of Node's HTTP: that one reads URL,
 * addresses and user agent of each request, sampled or not, which costs more than all our spans.
 */
export function observeRequests(app: FastifyInstance): void {
  const measure = createHistogram(METRICS.http.requestDuration);
  const traces = isTracing();
  let active = 0;
  const activeRequests = observe(METRICS.http.activeRequests, () => [{ value: active }]);
  app.addHook('onClose', async () => activeRequests[Symbol.dispose]());
  app.decorateRequest('trace', null);
  app.decorateRequest('traceId', null);
  app.decorateRequest('problem', null);

  app.addHook('onRequest', (request, reply, done) => {
    if (isInternal(request)) return done();
    const startedAt = performance.now();
    const what = { 'http.request.method': methodOf(request), 'http.route': routeOf(request) };
    active += 1;
    if (traces) beginTrace(request, what);
    reply.raw.once('close', () => {
      active -= 1;
      const attributes = { ...what, ...describeAnswer(request, reply) };
      measure((performance.now() - startedAt) / 1_000, attributes);
      if (request.trace !== null) end(request.trace.span, request, attributes);
    });
    inTrace(request, done);
  });
  if (!traces) return;
  // A body arrives in the context of its connection, so the handler's context is entered again.
  app.addHook('preValidation', (request, _reply, done) => inTrace(request, done));
}

function inTrace({ trace: own }: FastifyRequest, done: () => void): void {
  if (own === null || context.active() === own.context) done();
  else context.with(own.context, done);
}

/** A trace context that is valid and not sampled (W3C Trace Context, section 3.2). */
const UNSAMPLED = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f][02468ace]$/;

/**
 * The gateway names here the trace of a caller whom it does not trust. It is linked and goes no
 * further: into no record and no log line.
 */
const CALLER_TRACEPARENT = 'zameni-caller-traceparent';

/**
 * Continues the trace of the gateway, or begins one. Most traces are not sampled. Of them only the id is
 * kept: a context for each request would cost it more than all metrics, and nobody would see it.
 */
function beginTrace(request: FastifyRequest, attributes: RequestLabels): void {
  const { headers } = request.raw;
  const { traceparent } = headers;
  if (typeof traceparent === 'string' && UNSAMPLED.test(traceparent)) {
    request.traceId = traceparent.slice(3, 35);
    return;
  }
  // Not `tracestate` or `baggage`: they are free text of callers.
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent });
  const name = nameOf(attributes);
  const links = linksOf(headers[CALLER_TRACEPARENT], parent);
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes, links }, parent);
  request.traceId = span.spanContext().traceId;
  if (span.isRecording()) request.trace = { span, context: trace.setSpan(parent, span) };
}

/** The name of a server span, by OpenTelemetry's conventions for HTTP. */
function nameOf({ 'http.request.method': method, 'http.route': route }: RequestLabels): string {
  const verb = method === OTHER_METHOD ? 'HTTP' : method;
  return route === UNKNOWN_ROUTE ? verb : `${verb} ${route}`;
}

/** A request that came past the gateway has no link: whoever sent it chose the header. */
function linksOf(traceparent: string | string[] | undefined, parent: Context): Link[] {
  if (typeof traceparent !== 'string' || trace.getSpanContext(parent) === undefined) return [];
  const caller = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent }));
  return caller === undefined ? [] : [{ context: caller }];
}

type RequestLabels = { readonly 'http.request.method': string; readonly 'http.route': string };

/** Status of a request whose client went away before its answer: no failure, and no success. */
const CLIENT_CLOSED = 499;

/** Milliseconds of waiting from which on the time of a request tells nothing about us. */
const WAITED_MS = 100;

function describeAnswer(request: FastifyRequest, { raw }: FastifyReply): AnswerLabels {
  const waited = waitedMsOf(request) < WAITED_MS ? {} : ({ 'zameni.waited': 'true' } as const);
  if (!raw.writableEnded) return { 'http.response.status_code': CLIENT_CLOSED, ...waited };
  const status = { 'http.response.status_code': raw.statusCode };
  if (raw.statusCode < 500) return { ...status, ...waited };
  // A failure stays one, however long its caller was willing to wait.
  return { ...status, 'error.type': request.problem ?? String(raw.statusCode) };
}

type AnswerLabels = {
  readonly 'http.response.status_code': number;
  readonly 'error.type'?: string;
  readonly 'zameni.waited'?: 'true';
};

function end(
  span: Span,
  { problem }: FastifyRequest,
  { 'http.response.status_code': status, 'error.type': type }: AnswerLabels,
): void {
  setAttributes(span, {
    'http.response.status_code': status,
    'zameni.problem.code': problem ?? undefined,
    'error.type': isHarmless(problem) ? undefined : type,
  });
  span.end();
}

function methodOf({ method }: FastifyRequest): string {
  return METHODS.has(method) ? method : OTHER_METHOD;
}
