import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { OPERATIONS, type Scope } from '@zameni/contracts';
import { AppError, toRoute } from '@zameni/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import {
  admit,
  calledOf,
  type CallerDeps,
  type CommandLimit,
  type Permission,
  requirePermission,
  userIdIn,
} from './caller.ts';
import type { UntilErased } from './until-erased.ts';
import { parseIdempotencyKey } from './idempotency-key.ts';
import { parseIfMatch } from './if-match.ts';
import { publish } from '../commit/publish.ts';
import { parseUpdate, requireAddress } from '../commands/user-request.ts';
import {
  type ChangeConditions,
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

/** What takes an account away counts twice: a stolen token must not empty the service in a minute. */
const DESTRUCTIVE = ['client', 'destructive'] as const;

/** Adds the routes for profile, address, deactivation, reactivation and erasure of a person. */
export function addUserRoutes(app: FastifyInstance, deps: UserRoutesDeps): void {
  const routes = app.withTypeProvider<TypeBoxTypeProvider>();
  const allow = (permission: Permission, policies: readonly CommandLimit[] = ['client']) => ({
    onRequest: admit(
      deps,
      (caller, request) => {
        requirePermission(permission, request, caller);
        userIdIn(request);
      },
      policies,
    ),
  });
  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    scope: Scope,
    toChange: () => RequestedChange,
  ) => {
    const { caller, cause } = calledOf(request);
    const isOwn = caller?.scopes.has(scope) !== true;
    const userId = userIdIn(request);
    const conditions = toConditions(request);
    const change = toChange();
    const { position, isAttempt } = await publish(cause, (traced) =>
      changeUser(deps, { userId, change, isOwn, conditions, cause: traced }),
    );
    if (change.type === 'erase') {
      await (isAttempt
        ? deps.untilErased.attempt(userId, position)
        : deps.untilErased.person(userId));
    }
    await answerCommand(deps, { request, reply, position });
    return reply.code(202).send({ userId });
  };

  routes.route({
    ...toRoute(OPERATIONS.updateUser),
    ...allow({ scope: 'users:write', isSelfToo: true }),
    handler: (request, reply) =>
      answer(request, reply, 'users:write', () => ({
        type: 'update',
        patch: parseUpdate(request.body),
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.changeEmail),
    ...allow({ scope: 'users:write', isSelfToo: true }),
    handler: (request, reply) =>
      answer(request, reply, 'users:write', () => ({
        type: 'change-email',
        address: requireAddress(request.body.email),
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.deactivateUser),
    ...allow({ scope: 'users:admin', isSelfToo: false }, DESTRUCTIVE),
    handler: (request, reply) =>
      answer(request, reply, 'users:admin', () => ({
        type: 'deactivate',
        reasonCode: request.body.reasonCode,
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.reactivateUser),
    ...allow({ scope: 'users:admin', isSelfToo: false }),
    handler: (request, reply) =>
      answer(request, reply, 'users:admin', () => ({
        type: 'reactivate',
        reasonCode: request.body.reasonCode,
      })),
  });
  routes.route({
    ...toRoute(OPERATIONS.eraseUser),
    ...allow({ scope: 'users:erase', isSelfToo: true }, DESTRUCTIVE),
    handler: (request, reply) =>
      answer(request, reply, 'users:erase', () => ({
        type: 'erase',
      })),
  });
}

/** Parses the headers that every change may have. Throws `malformed-header`. */
function toConditions({ headers }: FastifyRequest): ChangeConditions {
  if (headers['if-none-match'] !== undefined) {
    throw new AppError('malformed-header', { detail: 'If-None-Match is for reads' });
  }
  const ifVersions = parseIfMatch(headers['if-match']);
  const idempotencyKey = parseIdempotencyKey(headers['idempotency-key'], false);
  return {
    ...(ifVersions === undefined ? {} : { ifVersions }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}
