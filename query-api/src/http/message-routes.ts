import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { MAX_MESSAGES_PAGE, type MessagesView, OPERATIONS, parseUserId } from '@zameni/contracts';
import { AppError, callerOf, requireScope, toRoute } from '@zameni/runtime';
import type { ReadMessages } from '../stores/messages-store.ts';

/** What the route needs. */
export type MessageRoutesDeps = {
  readonly readMessages: ReadMessages;
};

/** `GET /v1/users/{id}/messages`: for operators, with scope `ops:read`. */
export function messageRoutes(deps: MessageRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readMessages),
      // Before the parameters are checked, as on every route: first who asks, then what.
      preValidation: async (request) => requireScope(callerOf(request), 'ops:read'),
      handler: async (request, reply): Promise<MessagesView> => {
        const id = parseUserId(request.params.id);
        if (id === undefined) throw new AppError('user-not-found');
        const { limit, after } = request.query;
        reply.header('Cache-Control', 'no-store');
        return deps.readMessages({ id, limit: Number(limit ?? MAX_MESSAGES_PAGE), after });
      },
    });
  };
}
