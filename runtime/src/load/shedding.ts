import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../process/logger.ts';
import { watchEventLoop } from './event-loop-watch.ts';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { createCounter, startAtZero } from '../telemetry/metrics.ts';
import { createOverloaded } from './overloaded.ts';
import { isInternal } from '../http/route.ts';

/** What load shedding needs besides the event loop. */
export type LoadSheddingOptions = {
  readonly logger: Logger;
  /** True if the service behind the request's route is overloaded. */
  readonly isOverloaded?: (request: FastifyRequest) => boolean;
};

/** Milliseconds between two log lines about refusals. One line for each would add to the load. */
const REPORT_INTERVAL_MS = 1_000;

/**
 * Refuses requests with 503 `overloaded` while the event loop is late or the service behind the
 * route is overloaded. The refusal comes before any check of the request: a cheap refusal leaves
 * more capacity for accepted requests. Internal routes are always answered, otherwise the gateway
 * would take a busy process for a dead one.
 */
export function addLoadShedding(app: FastifyInstance, options: LoadSheddingOptions): void {
  const { logger, isOverloaded = () => false } = options;
  const loop = watchEventLoop();
  const countShed = createCounter(METRICS.http.shed);
  startAtZero(METRICS.http.shed, [
    { 'zameni.shed.reason': 'event-loop' },
    { 'zameni.shed.reason': 'queue' },
  ]);
  let refused = 0;
  let reportedAt = -REPORT_INTERVAL_MS;

  app.addHook('onRequest', (request, _reply, done) => {
    if (isInternal(request)) return done();
    const isLate = loop.isLate();
    if (!isLate && !isOverloaded(request)) return done();
    countShed({ 'zameni.shed.reason': isLate ? 'event-loop' : 'queue' });
    refused += 1;
    if (performance.now() - reportedAt >= REPORT_INTERVAL_MS) {
      logger.warn({ refused }, 'overloaded, requests are refused');
      reportedAt = performance.now();
      refused = 0;
    }
    done(createOverloaded());
  });
  app.addHook('onClose', async () => loop[Symbol.dispose]());
}
