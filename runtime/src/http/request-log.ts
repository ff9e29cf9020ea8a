import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../process/logger.ts';
import { isHarmless } from '../telemetry/catalogue/harmless-problems.ts';
import { isInternal, routeOf } from './route.ts';

/** Which requests are logged: none, some under load, or each one. */
export type LogRequests = 'off' | 'sampled' | 'all';

/** What request logs need. */
export type RequestLogOptions = {
  readonly logger: Pick<Logger, 'info'>;
  readonly logRequests: LogRequests;
  /** The trace id that the answer to a request names. */
  readonly traceIdOf: (request: FastifyRequest) => string;
};

/** A sample of events: all of them up to a rate, and beyond it a share, drawn at random. */
export type SampleOptions = {
  readonly perSecond: number;
  readonly share: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** A number from 0 to 1, without 1. */
  readonly random: () => number;
};

/** Failures have a budget of their own, so that a flood of others does not hide them. */
const BUDGET = { perSecond: 20, share: 0.01 };

/**
 * Logs requests after their answers, one line each. Sampled, a second has 20 lines of failures and
 * 20 of other requests, and beyond that 1 %: a line costs 6 µs of CPU. Probes and other internal
 * routes are left out.
 */
export function addRequestLog(app: FastifyInstance, options: RequestLogOptions): void {
  const { logger, logRequests, traceIdOf } = options;
  if (logRequests === 'off') return;
  const failures = logRequests === 'all' ? () => 1 : createSample(withClock());
  const others = logRequests === 'all' ? () => 1 : createSample(withClock());

  function logOrNot(request: FastifyRequest, reply: FastifyReply): void {
    if (isInternal(request)) return;
    const sampleRate = isFailure(request, reply) ? failures() : others();
    if (sampleRate === null) return;
    const line = {
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      durationNs: Math.round(reply.elapsedTime * 1e6),
      traceId: traceIdOf(request),
      spanId: request.trace?.span.spanContext().spanId,
      problem: request.problem,
      sampleRate,
    };
    logger.info(line, 'request answered');
  }

  app.addHook('onResponse', (request, reply, done) => {
    logOrNot(request, reply);
    done();
  });
}

function isFailure({ problem }: FastifyRequest, { statusCode }: FastifyReply): boolean {
  return statusCode >= 500 && !isHarmless(problem);
}

/** Returns the share that the present event is drawn with, or null if it is not drawn. */
export function createSample({ perSecond, share, now, random }: SampleOptions) {
  let second = Number.NaN;
  let taken = 0;
  return (): number | null => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      second = current;
      taken = 0;
    }
    if (taken < perSecond) {
      taken += 1;
      return 1;
    }
    return random() < share ? share : null;
  };
}

function withClock(): SampleOptions {
  return { ...BUDGET, now: () => performance.now(), random: Math.random };
}
