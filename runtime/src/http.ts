import { randomBytes } from 'node:crypto';
import { MAX_BODY_BYTES } from '@zameni/contracts';
import { trace } from '@opentelemetry/api';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { AppError, coerceError } from './errors.ts';
import { addHealthRoutes, type HealthChecks } from './health.ts';
import type { Logger } from './logger.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEM_STATUS, toProblem } from './problem.ts';
import { createValidator } from './validation.ts';

/** What every HTTP application of ours is made from. */
export type HttpAppOptions = {
  readonly logger: Logger;
  /** Dependencies without which the process is not ready, by name. */
  readonly checks: HealthChecks;
  /** Dependencies whose loss is reported by `/readyz` but leaves the process ready. */
  readonly degradedChecks?: HealthChecks;
};

/** Milliseconds a client has to send a whole request. */
const REQUEST_DEADLINE_MS = 10_000;

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
    loggerInstance: options.logger.child({}, { serializers: { req: toLoggedRequest } }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_DEADLINE_MS,
    routerOptions: { maxParamLength: 64 },
    // While closing, answers are still given and carry Connection: close.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomBytes(16).toString('hex'),
  }) as unknown as FastifyInstance;
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(({ schema }) => {
    const validate = createValidator(schema);
    return (value) => {
      const errors = validate(value);
      return errors === undefined
        ? { value }
        : { error: new ValidationFault(new AppError('invalid-request', { errors })) };
    };
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = toAppError(thrown);
    if (PROBLEM_STATUS[error.code] >= 500) {
      request.log.error({ error, traceId: traceIdOf(request) }, 'request failed');
    }
    if (error.retryAfterSeconds !== undefined) {
      reply.header('Retry-After', String(error.retryAfterSeconds));
    }
    if (error.code === 'unauthorized') reply.header('WWW-Authenticate', 'Bearer');
    reply
      .code(PROBLEM_STATUS[error.code])
      .header('Cache-Control', 'no-store')
      .type(PROBLEM_MEDIA_TYPE);
    return reply.send(JSON.stringify(toProblem(error, traceIdOf(request))));
  });
  app.setNotFoundHandler(() => {
    throw new AppError('not-found');
  });
  addHealthRoutes(app, options);
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

function toLoggedRequest(request: { method?: string; routeOptions?: { url?: string } }): object {
  return { method: request.method, route: request.routeOptions?.url };
}
