import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { OPERATIONS, type ProjectionsView } from '@zameni/contracts';
import { noteCaller, requireScope, type TokenVerifier, toRoute } from '@zameni/runtime';
import type { ReadProjections } from '../stores/projections-store.ts';

/** What the route needs. */
export type ProjectionRoutesDeps = {
  readonly tokens: TokenVerifier;
  readonly readProjections: ReadProjections;
};

/** `GET /v1/projections`: for operators, with scope `ops:read`. */
export function projectionRoutes(deps: ProjectionRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readProjections),
      handler: async (request, reply): Promise<ProjectionsView> => {
        const caller = await deps.tokens.verify(request.headers.authorization);
        noteCaller(request, caller);
        requireScope(caller, 'ops:read');
        reply.header('Cache-Control', 'private, no-cache').header('Vary', 'Authorization');
        return deps.readProjections();
      },
    });
  };
}
