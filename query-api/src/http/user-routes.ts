import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ACCOUNTS_PROJECTION, OPERATIONS, parseUserId, UserView } from '@zameni/contracts';
import { AppError, callerOf, requireScope, toRoute, type ViewContent } from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ViewAnswer } from '../views/reader.ts';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { matchesEntityTag } from './if-none-match.ts';
import { type ReadDeps, readWithHeaders } from './read-with-headers.ts';

/** What the route needs. */
export type UserRoutesDeps = ReadDeps;

/** What decides whether a person may read themselves. */
const Status = Compile(Type.Object({ status: UserView.properties.status }));

/**
 * `GET /v1/users/{id}`: for the person, unless they are deactivated, and for callers with scope
 * `users:read`.
 */
export function userRoutes(deps: UserRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readUser),
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const id = parseUserId(request.params.id);
        requireScope(caller, 'users:read', id);
        if (id === undefined) throw new AppError('user-not-found');
        const answer = await readWithHeaders(deps, { kind: 'user', id }, request, reply);
        const { view } = answer;
        if (view === 'absent') throw new AppError('user-not-found');
        // This check comes before the entity tag: a 304 would keep the client's copy.
        if (view === 'erased') throw new AppError('user-erased');
        // So does this one. Whoever has the scope reads deactivated people too.
        if (!caller.scopes.has('users:read') && isDeactivated(view)) {
          throw new AppError('self-deactivated');
        }
        const etag = toEntityTag(view, answer);
        return sendUser(request, reply, { etag, body: view.body });
      },
    });
  };
}

/** Throws if the body of a view is no person. */
function isDeactivated({ body }: ViewContent): boolean {
  return Status.Parse(JSON.parse(body)).status === 'deactivated';
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
