import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type ErasureView, OPERATIONS, parseUserId } from '@zameni/contracts';
import {
  AppError,
  callerOf,
  noteScope,
  type Positions,
  requireScope,
  toRoute,
} from '@zameni/runtime';
import type { ReadErasure } from '../stores/erasure-store.ts';

/** What the route needs. */
export type ErasureRoutesDeps = {
  readonly positions: Positions;
  readonly readErasure: ReadErasure;
};

/**
 * `GET /v1/users/{id}/erasure`: for the person and for callers with scope `users:erase`, who may
 * request an erasure. Every other caller gets the same refusal whether an erasure exists or not.
 */
export function erasureRoutes(deps: ErasureRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readErasure),
      handler: async (request, reply): Promise<ErasureView> => {
        const caller = callerOf(request);
        const id = parseUserId(request.params.id);
        requireScope(caller, 'users:erase', id);
        if (caller.scopes.has('users:erase')) noteScope(request, 'users:erase');
        if (id === undefined) throw new AppError('user-not-found');
        const { position, erasure } = await deps.readErasure(id);
        reply
          .header('Position', deps.positions.seal(position))
          .header('Cache-Control', 'private, no-cache')
          .header('Vary', 'Authorization');
        if (erasure === undefined) throw new AppError('user-not-found');
        return erasure;
      },
    });
  };
}
