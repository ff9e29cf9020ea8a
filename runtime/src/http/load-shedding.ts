import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from '../process/logger.ts';
import { watchEventLoop } from './event-loop-watch.ts';
import { createOverloaded } from './overloaded.ts';

/** What tells that a process has more to do than it can. */
export type LoadSheddingOptions = {
  readonly logger: Logger;
  /** Whether what a request waits for behind its route is overloaded. */
  readonly isOverloaded?: (request: FastifyRequest) => boolean;
};

/** Milliseconds between two lines about refusals: one for each would be load of its own. */
const TELL_EVERY_MS = 1_000;

/**
 * Refuses requests before anything of them is checked while the event loop is late or what is behind
 * it overloaded: the cheaper a refusal, the more is left for those who are served. What is asked from
 * inside is always answered, or the gateway would take a busy process for a dead one.
 */
export function addLoadShedding(app: FastifyInstance, options: LoadSheddingOptions): void {
  const { logger, isOverloaded = () => false } = options;
  const loop = watchEventLoop();
  let refused = 0;
  let toldAt = -TELL_EVERY_MS;

  app.addHook('onRequest', (request, _reply, done) => {
    if (isFromInside(request) || !(loop.isLate() || isOverloaded(request))) return done();
    refused += 1;
    if (performance.now() - toldAt >= TELL_EVERY_MS) {
      logger.warn({ refused }, 'overloaded, requests are refused');
      toldAt = performance.now();
      refused = 0;
    }
    done(createOverloaded());
  });
  app.addHook('onClose', async () => loop[Symbol.dispose]());
}

/** What strangers reach through the gateway; what is nowhere is theirs too. */
const PUBLIC = /^\/(?:v1\/|docs(?:\/|$)|openapi\.json$)/;

function isFromInside({ routeOptions: { url } }: FastifyRequest): boolean {
  return url !== undefined && !PUBLIC.test(url);
}
