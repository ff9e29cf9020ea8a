import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { OPERATIONS } from '@zameni/contracts';
import { toRoute } from '@zameni/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import { type CallerDeps, type Permission, requirePermission, validate } from './caller.ts';
import type { UntilErased } from './until-erased.ts';
import { parseIfMatch } from './if-match.ts';
import { publish } from '../commit/publish.ts';
import { parseUpdate, requireAddress } from '../commands/user-request.ts';
import {
  changeUser,
  type RequestedChange,
  type UserCommandDeps,
} from '../commands/user-commands.ts';

/** Dependencies of the routes of people. */
export type UserRoutesDeps = UserCommandDeps &
  CallerDeps &
  AnswerDeps & {
    readonly untilErased: UntilErased;
  };

/** Adds the routes for profile, address, deactivation, reactivation and erasure of a person. */
export function addUserRoutes(app: FastifyInstance, deps: UserRoutesDeps): void {
  const routes = app.withTypeProvider<TypeBoxTypeProvider>();
  const change = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    permission: Permission,
    toChange: () => RequestedChange,
  ) => {
    const { cause, userId, requested } = await validate(
      deps,
      { request, reply },
      ({ caller, cause }) => {
        const userId = requirePermission(permission, id, caller);
        return { cause, userId, requested: toChange() };
      },
    );
    const { position, isAttempt } = await publish(cause, (traced) =>
      changeUser(deps, userId, requested, traced),
    );
    if (requested.type === 'erase') {
      await (isAttempt
        ? deps.untilErased.attempt(userId, position)
        : deps.untilErased.person(userId));
    }
    await answerCommand(deps, { request, reply, position });
    return reply.code(202).send({ userId });
  };

  routes.route({
    ...toRoute(OPERATIONS.updateUser),
    handler: (request, reply) =>
      change(request, reply, request.params.id, { scope: 'users:write', isSelfToo: true }, () => {
        const ifVersions = parseIfMatch(request.headers['if-match']);
        const patch = parseUpdate(request.body);
        return { type: 'update', patch, ...(ifVersions === undefined ? {} : { ifVersions }) };
      }),
  });
  routes.route({
    ...toRoute(OPERATIONS.changeEmail),
    handler: (request, reply) =>
      change(request, reply, request.params.id, { scope: 'users:write', isSelfToo: true }, () => ({
        type: 'change-email',
        address: requireAddress(request.body.email),
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.deactivateUser),
    handler: (request, reply) =>
      change(request, reply, request.params.id, { scope: 'users:admin', isSelfToo: false }, () => ({
        type: 'deactivate',
        reasonCode: request.body.reasonCode,
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.reactivateUser),
    handler: (request, reply) =>
      change(request, reply, request.params.id, { scope: 'users:admin', isSelfToo: false }, () => ({
        type: 'reactivate',
        reasonCode: request.body.reasonCode,
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.eraseUser),
    handler: (request, reply) =>
      change(request, reply, request.params.id, { scope: 'users:erase', isSelfToo: true }, () => ({
        type: 'erase',
      })),
  });
}
