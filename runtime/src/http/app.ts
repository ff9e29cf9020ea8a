import {
  type ErrorCode,
  MAX_BODY_BYTES,
  PROBLEM_MEDIA_TYPE,
  PROBLEM_STATUS,
} from '@zameni/contracts';
import { trace } from '@opentelemetry/api';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { answerClientError, REQUEST_DEADLINE_MS, SLOW_CLIENT_OPTIONS } from './client-errors.ts';
import { AppError, coerceError } from '../errors.ts';
import { addHealthRoutes, type HealthChecks } from './health.ts';
import { addJsonBodyParser } from './json-body.ts';
import { addKeyRingRoute, type KeyRings } from './key-ring-route.ts';
import { addLoadShedding } from './load-shedding.ts';
import type { Logger } from '../process/logger.ts';
import { refuseUnknownRoutes } from './method-not-allowed.ts';
import { toProblem } from './problem.ts';
import { drawBytes } from '../keys/random-pool.ts';
import { createValidator } from './validation.ts';

/** What every HTTP application of ours is made from. */
export type HttpAppOptions = {
  readonly logger: Logger;
  /** Dependencies without which the process is not ready, by name. */
  readonly checks: HealthChecks;
  /** Dependencies whose loss is reported by `/readyz` but leaves the process ready. */
  readonly degradedChecks?: HealthChecks;
  /** Key rings that may change, by what they are for; `/key-rings` tells which keys are held. */
  readonly keyRings?: KeyRings;
  /** Whether a request would only wait for what is behind its route. */
  readonly isOverloaded?: (request: FastifyRequest) => boolean;
};

/** A fault of validation as Fastify hands it to the error handler. */
class ValidationFault extends Error {
  readonly fault: AppError;
  constructor(fault: AppError) {
    super(fault.message);
    this.fault = fault;
  }
}

/** A Fastify application with schema validation, problem documents, `/livez` and `/readyz`. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_DEADLINE_MS,
    // Node would answer a missing Host by itself, without a problem document.
    http: { ...SLOW_CLIENT_OPTIONS, requireHostHeader: false },
    clientErrorHandler: answerClientError,
    frameworkErrors: sendProblem,
    routerOptions: { maxParamLength: 64 },
    // While closing, answers are still given and carry Connection: close.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: () => drawBytes(16).toString('hex'),
    // One logger for all: a child for each request would be made, and redacted, for nothing.
    childLoggerFactory: (logger) => logger,
  }) as unknown as FastifyInstance;
  addJsonBodyParser(app);
  app.addHook('onRequest', guardConnection);
  addLoadShedding(app, options);
  endConnectionsOnceClosing(app);
  // RFC 9110 section 10.1.1 allows to ignore an expectation; Node would answer 417 with no body.
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
  addKeyRingRoute(app, options.keyRings ?? {});
  return app;
}

/** The trace id of a request: of its span when it is traced, otherwise one made for it. */
export function traceIdOf(request: FastifyRequest): string {
  return trace.getActiveSpan()?.spanContext().traceId ?? request.id;
}

/** Listens; what it returns stops taking requests and waits for those under way. */
export async function listenHttp(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number },
): Promise<AsyncDisposable> {
  await app.listen(address);
  return { [Symbol.asyncDispose]: () => app.close() };
}

const codeOfFastifyError: Readonly<Record<string, ConstructorParameters<typeof AppError>[0]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
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

/** Refusals that strangers can cause at will: a line for each would be load of its own. */
const TOLD_IN_SUM: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['overloaded', 'log-full']);

function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toAppError(thrown);
  if (PROBLEM_STATUS[error.code] >= 500 && !TOLD_IN_SUM.has(error.code)) {
    request.log.error({ error, traceId: traceIdOf(request) }, 'request failed');
  }
  if (error.retryAfterSeconds !== undefined) {
    reply.header('Retry-After', String(error.retryAfterSeconds));
  }
  if (error.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer');
  reply
    // Fastify ends the connection when it does not take a body. What of the body was still unread
    // would make the kernel reset it, and the answer would be lost on its way; Node reads it away,
    // until the request's deadline.
    .removeHeader('connection')
    .code(PROBLEM_STATUS[error.code])
    .header('Cache-Control', 'no-store')
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(error, traceIdOf(request))));
}

/**
 * Fastify ends the connections of requests that come while it closes, but not of those under way:
 * kept alive behind their answer they would hold up the close until its deadline.
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
 * Refuses HTTP/1.1 without Host (RFC 9112 section 3.2), and ends the connection behind a request that
 * asks for another protocol: Node ignores the wish, but its parser then keeps silent about faults of
 * the next request, which would wait for the deadline instead of its 400.
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
