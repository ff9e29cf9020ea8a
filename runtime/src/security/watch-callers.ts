import { parseUserId, type Scope, type UserId } from '@zameni/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/tokens.ts';
import { isInternal, routeOf } from '../http/route.ts';
import type { Logger } from '../process/logger.ts';
import { notedOf } from './noted-caller.ts';
import { createRefusals } from './refusals.ts';

/** Where security events go, and how they name callers. */
export type SecurityWatch = {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** The id of a caller, as events of the log of records have it. */
  readonly actorOf: (caller: Caller) => string;
  /** Milliseconds of a turn in which lines of refusals are bounded. */
  readonly turnMs?: number;
};

/** Answers that are security events whoever gets them. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 429]);

/** Scopes of which a use on oneself needs no scope, and is none. */
const OWN_TOO: ReadonlySet<Scope> = new Set<Scope>(['users:write']);

/**
 * Writes the security events of an application: each use of a noted scope on others, and each 401,
 * 403 and 429. A line says who by the actor's id, what by method and route, whom by the id of the
 * path, and how it ended. It is written when the answer is decided, also if its client has gone.
 */
export function watchCallers(
  app: FastifyInstance,
  {
    log,
    actorOf,
    turnMs,
    traceIdOf,
  }: SecurityWatch & { traceIdOf: (request: FastifyRequest) => string },
): void {
  const refusals = createRefusals(log, turnMs);
  app.addHook('onClose', async () => refusals[Symbol.dispose]());
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (!isInternal(request)) write(request, reply.statusCode);
    done();
  });

  function write(request: FastifyRequest, status: number): void {
    const isRefused = REFUSED.has(status);
    const { caller, scope } = notedOf(request) ?? {};
    if (!isRefused && scope === undefined) return;
    const person = personOf(request);
    const line = {
      method: request.method,
      route: routeOf(request),
      status,
      traceId: traceIdOf(request),
      person,
    };
    if (isRefused) {
      const actor = caller && actorOf(caller);
      refusals.write({ ...line, actor, problem: request.problem ?? 'unknown' });
      return;
    }
    if (caller === undefined || scope === undefined) return;
    if (OWN_TOO.has(scope) && person !== undefined && parseUserId(caller.subject) === person)
      return;
    const problem = request.problem;
    log.info({ ...line, actor: actorOf(caller), scope, problem }, 'scope used on others');
  }
}

/** The person whom the `{id}` of a path names. Any other text of a path is not written. */
function personOf({ params }: FastifyRequest): UserId | undefined {
  const isNamed = typeof params === 'object' && params !== null && 'id' in params;
  return isNamed && typeof params.id === 'string' ? parseUserId(params.id) : undefined;
}
