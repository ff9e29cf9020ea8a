import { MAX_BODY_BYTES, PROBLEM_MEDIA_TYPE, PROBLEM_STATUS } from '@zameni/contracts';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { challengeOf } from './headers/challenge.ts';
import { answerClientError, REQUEST_DEADLINE_MS, SLOW_CLIENT_OPTIONS } from './client-errors.ts';
import { AppError, coerceError } from '../errors.ts';
import { createFailureLog, type FailureLog } from './failure-log.ts';
import { createFrameworkLog } from './framework-log.ts';
import { addHealthRoutes, type HealthChecks } from './health.ts';
import { addJsonBodyParser } from '../bodies/json.ts';
import { addKeyRingRoute, type KeyRings } from './key-ring-route.ts';
import { addLoadShedding } from '../load/shedding.ts';
import type { Logger } from '../process/logger.ts';
import { takenBodyHeaders } from '../bodies/media-types.ts';
import { refuseUnknownRoutes } from './method-not-allowed.ts';
import { addMetricsRoute } from './metrics-route.ts';
import { type CountProblem, createProblemCount, observeRequests } from './observe-requests.ts';
import { toProblem } from './problem.ts';
import { drawBytes } from '../process/random-pool.ts';
import { addRequestLog, type LogRequests } from './request-log.ts';
import { type TrustedProxies, toTrustProxy } from './headers/trusted-proxies.ts';
import { type SecurityWatch, watchCallers } from '../security/watch-callers.ts';
import { createValidator } from './validation.ts';

/** What an HTTP application needs. */
export type HttpAppOptions = {
  readonly logger: Logger;
  /** Which requests are logged. The default is none. */
  readonly logRequests?: LogRequests | undefined;
  /** Where security events go. Without it there are none. */
  readonly security?: SecurityWatch | undefined;
  /** Checks of the dependencies that the process needs to be ready, by name. */
  readonly checks: HealthChecks;
  /** Checks of the dependencies whose loss `/readyz` reports, but leaves the process ready. */
  readonly degradedChecks?: HealthChecks;
  /** Aborts when the process is to be stopped soon: it is not ready from then on, and answers. */
  readonly leaving?: AbortSignal;
  /** Key rings that may change, by purpose. `/key-rings` lists the ids of their keys. */
  readonly keyRings?: KeyRings;
  /** Proxies that may name the address of a client. The default is none. */
  readonly trustedProxies?: TrustedProxies;
  /** True if the service behind the request's route is overloaded. */
  readonly isOverloaded?: (request: FastifyRequest) => boolean;
};

/**
 * Characters of a path parameter: all that a head has room for. The router answers longer ones past all
 * hooks, uncounted; routes find by themselves that they are no id.
 */
const MAX_PARAM_LENGTH = 16_384;

/** Carries a validation fault through Fastify to the error handler. */
class ValidationFault extends Error {
  readonly fault: AppError;
  constructor(fault: AppError) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * A Fastify application with schema validation, problem documents, `/livez`, `/readyz` and
 * `/metrics`. Its requests are measured and traced.
 */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const countProblem = createProblemCount();
  const { logger, logRequests = 'off' } = options;
  const failures = createFailureLog(logger);
  const sendProblem = createProblemSender(failures, countProblem);
  // The instance is typed by its logger; routes need the default type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const app = Fastify({
    loggerInstance: createFrameworkLog(logger),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_DEADLINE_MS,
    // Node answers a missing Host itself, without a problem document; `guardConnection` does it.
    http: { ...SLOW_CLIENT_OPTIONS, requireHostHeader: false },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, countProblem),
    frameworkErrors: sendProblem,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    rewriteUrl: ({ url = '/' }) => toDecodable(url),
    trustProxy: toTrustProxy(options.trustedProxies),
    // While closing, requests are answered with Connection: close.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: () => drawBytes(16).toString('hex'),
    // One logger for all requests: a child logger for each costs CPU and adds nothing.
    childLoggerFactory: (logger) => logger,
  }) as unknown as FastifyInstance;
  app.addHook('onClose', async () => failures[Symbol.dispose]());
  addJsonBodyParser(app);
  observeRequests(app);
  addRequestLog(app, { logger, logRequests, traceIdOf });
  if (options.security !== undefined) watchCallers(app, { ...options.security, traceIdOf });
  app.addHook('onRequest', guardConnection);
  addLoadShedding(app, options);
  endConnectionsOnceClosing(app);
  // RFC 9110 section 10.1.1 allows ignoring an expectation. Node answers 417 without a body.
  app.server.on('checkExpectation', (request, response) => {
    app.server.emit('request', request, response);
  });
  app.setValidatorCompiler(({ schema }) => {
    const validate = createValidator(schema);
    return (value) => {
      const errors = validate(value);
      return errors === undefined
        ? { value }
        : { error: new ValidationFault(new AppError('invalid-request', { errors })) };
    };
  });
  app.setErrorHandler(sendProblem);
  refuseUnknownRoutes(app);
  addHealthRoutes(app, options);
  addMetricsRoute(app);
  addKeyRingRoute(app, options.keyRings ?? {});
  return app;
}

/**
 * A URL whose path can be decoded. The router would answer another one past all hooks, uncounted.
 * With its percent signs taken as they are, it is the path of nothing, and is answered so.
 */
function toDecodable(url: string): string {
  if (!url.includes('%')) return url;
  const [path = '', ...query] = url.split('?');
  try {
    decodeURIComponent(path);
    return url;
  } catch {
    return [path.replaceAll('%', '%25'), ...query].join('?');
  }
}

/** The id of the trace that a request belongs to, or a random one without tracing. */
export function traceIdOf(request: FastifyRequest): string {
  return request.traceId ?? request.id;
}

/**
 * Most connections that wait to be accepted. Linux allows 4,096. With the 511 that Node asks for, a
 * crowd at the gateway overflowed the queue, and each refused connection cost its client a second.
 */
const BACKLOG = 4_096;

/** Listens. Disposing the result refuses new requests and waits for accepted ones. */
export async function listenHttp(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number },
): Promise<AsyncDisposable> {
  await app.listen({ ...address, backlog: BACKLOG });
  return { [Symbol.asyncDispose]: () => app.close() };
}

const codeOfFastifyError: Readonly<Record<string, ConstructorParameters<typeof AppError>[0]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
};

function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof ValidationFault) return thrown.fault;
  const error: Partial<FastifyError> & Error = coerceError(thrown);
  const code = codeOfFastifyError[error.code ?? ''];
  if (code !== undefined) return new AppError(code);
  if (error.statusCode !== undefined && error.statusCode < 500) return new AppError('bad-request');
  return new AppError('internal', { cause: error });
}

function createProblemSender(failures: FailureLog, countProblem: CountProblem) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const error = toAppError(thrown);
    countProblem(error.code, request);
    if (PROBLEM_STATUS[error.code] >= 500) failures.note(error, traceIdOf(request));
    sendProblem(error, request, reply);
  };
}

function sendProblem(error: AppError, request: FastifyRequest, reply: FastifyReply): void {
  if (error.retryAfterSeconds !== undefined) {
    reply.header('Retry-After', String(error.retryAfterSeconds));
  }
  const challenge = challengeOf(error, request.headers.authorization);
  if (challenge !== undefined) reply.header('WWW-Authenticate', challenge);
  if (error.code === 'unsupported-media-type') reply.headers(takenBodyHeaders(request));
  reply
    // Fastify closes the connection if it refuses a body. Unread bytes would then make the kernel
    // reset the connection, and the answer would be lost. Without the header Node reads and
    // discards the rest of the body, until the request's deadline.
    .removeHeader('connection')
    .code(PROBLEM_STATUS[error.code])
    .header('Cache-Control', 'no-store')
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(error, traceIdOf(request))));
}

/**
 * Closes the connections of requests that were accepted before the close began. Fastify closes
 * those of later requests only, and an idle connection would delay the close until its deadline.
 */
function endConnectionsOnceClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('Connection', 'close');
    done();
  });
}

/**
 * Refuses HTTP/1.1 without Host (RFC 9112 section 3.2), and closes the connection after a request
 * with Upgrade. Node ignores the Upgrade, but its parser then reports no fault of the next request,
 * which would wait until the deadline instead of getting its 400.
 */
function guardConnection(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  if (raw.headers.upgrade !== undefined) reply.raw.shouldKeepAlive = false;
  if (raw.headers.host === undefined && raw.httpVersion === '1.1') {
    done(new AppError('bad-request'));
  } else done();
}
