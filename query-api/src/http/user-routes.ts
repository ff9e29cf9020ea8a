import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ACCOUNTS_PROJECTION, OPERATIONS, parseUserId } from '@zameni/contracts';
import {
  AppError,
  requireScope,
  type TokenVerifier,
  toRoute,
  type ViewContent,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ViewAnswer } from '../stores/view-reader.ts';
import { matchesEntityTag } from './if-none-match.ts';
import { type ReadDeps, readWithHeaders } from './read-with-headers.ts';

/** What the route needs. */
export type UserRoutesDeps = ReadDeps & { readonly tokens: TokenVerifier };

/** `GET /v1/users/{id}`: for the person and for callers with scope `users:read`. */
export function userRoutes(deps: UserRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readUser),
      handler: async (request, reply) => {
        const caller = await deps.tokens.verify(request.headers.authorization);
        requireScope(caller, 'users:read', request.params.id);
        const id = parseUserId(request.params.id);
        if (id === undefined) throw new AppError('user-not-found');
        const answer = await readWithHeaders(deps, { kind: 'user', id }, request, reply);
        const { view } = answer;
        if (view === 'absent') throw new AppError('user-not-found');
        // This check comes before the entity tag: a 304 would keep the client's copy.
        if (view === 'erased') throw new AppError('user-erased');
        const etag = toEntityTag(view, answer);
        return sendUser(request, reply, { etag, body: view.body });
      },
    });
  };
}

/** Sends a full answer, or 304 if the client has this version. */
function sendUser(
  request: FastifyRequest,
  reply: FastifyReply,
  { etag, body }: { readonly etag: string; readonly body: string },
): FastifyReply {
  reply.header('ETag', etag);
  if (matchesEntityTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  // The body is JSON text that fits the schema, so it is not parsed and serialised again.
  return reply.type('application/json; charset=utf-8').send(body);
}

/**
 * The strong entity tag of a person's version. It differs between versions of the read models, whose
 * views of a person may differ. The view of a parked account has another text than the same version
 * of one that is not parked.
 */
function toEntityTag({ version }: ViewContent, { modelVersion, parkedAt }: ViewAnswer): string {
  const parked = parkedAt === undefined ? '' : 'parked-';
  return `"${ACCOUNTS_PROJECTION}.${modelVersion}-${parked}${version}"`;
}
