import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { OPERATIONS, type ProjectionsView } from '@zameni/contracts';
import { callerOf, requireScope, toRoute } from '@zameni/runtime';
import type { ReadProjections } from '../stores/projections-store.ts';

/** What the route needs. */
export type ProjectionRoutesDeps = {
  readonly readProjections: ReadProjections;
};

/** `GET /v1/projections`: for operators, with scope `ops:read`. */
export function projectionRoutes(deps: ProjectionRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readProjections),
      handler: async (request, reply): Promise<ProjectionsView> => {
        requireScope(callerOf(request), 'ops:read');
        reply.header('Cache-Control', 'private, no-cache').header('Vary', 'Authorization');
        return deps.readProjections();
      },
    });
  };
}
