import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type ErasureView, OPERATIONS, parseUserId } from '@zameni/contracts';
import { AppError, type Positions, type TokenVerifier, toRoute } from '@zameni/runtime';
import type { ReadErasure } from './erasure-store.ts';

/** What the route of erasures needs. */
export type ErasureRoutesDeps = {
  readonly tokens: TokenVerifier;
  readonly positions: Positions;
  readonly readErasure: ReadErasure;
};

/**
 * `GET /v1/users/{id}/erasure`: for the person, for who asked for the erasure and for scope
 * `users:erase`. Anybody else gets the same refusal whether there was an erasure or not.
 */
export function erasureRoutes(deps: ErasureRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readErasure),
      handler: async (request, reply): Promise<ErasureView> => {
        const caller = await deps.tokens.verify(request.headers.authorization);
        if (caller === undefined) throw new AppError('unauthorized');
        const id = parseUserId(request.params.id);
        const mayReadAny = caller.scopes.has('users:erase') || caller.subject === id;
        const missing = mayReadAny ? 'user-not-found' : 'forbidden';
        if (id === undefined) throw new AppError(missing);
        const { position, erasure } = await deps.readErasure(id);
        const mayRead = mayReadAny || erasure?.requestedBy === caller.subject;
        // A refusal is about the caller: it tells neither a position nor whether there is anything.
        if (!mayRead) throw new AppError(missing);
        reply
          .header('Position', deps.positions.seal(position))
          .header('Cache-Control', 'private, no-cache')
          .header('Vary', 'Authorization');
        if (erasure === undefined) throw new AppError(missing);
        return erasure.view;
      },
    });
  };
}
