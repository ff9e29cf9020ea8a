import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { OPERATIONS } from '@zameni/contracts';
import { toRoute, withAppendSpan } from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import { type CallerDeps, toCalled } from './caller.ts';
import { resendVerification, type UserCommandDeps, verifyEmail } from './user-commands.ts';
import { requireAddress } from './user-routes.ts';

/** What the routes of verifications need of the outside. */
export type VerificationRoutesDeps = UserCommandDeps & CallerDeps & AnswerDeps;

/** Proof of a mailbox, and the wish for another mail. */
export function addVerificationRoutes(app: FastifyInstance, deps: VerificationRoutesDeps): void {
  const routes = app.withTypeProvider<TypeBoxTypeProvider>();
  routes.route({
    ...toRoute(OPERATIONS.verifyEmail),
    handler: async (request, reply) => {
      const { cause } = await toCalled(deps, request, reply);
      const position = await withAppendSpan('append verification', () =>
        verifyEmail(deps, request.body.token, cause),
      );
      await answerCommand(deps, { request, reply, position });
      return reply.code(202).send({ status: 'accepted' });
    },
  });
  routes.route({
    ...toRoute(OPERATIONS.resendVerification),
    handler: async (request, reply) => {
      const { cause } = await toCalled(deps, request, reply);
      const address = requireAddress(request.body.email);
      // Beyond the limit the answer stays the same, and no mail is sent: a refusal would tell a
      // stranger that somebody else has asked.
      const mailbox = await deps.limits.take('mailbox', deps.digests.mailboxOf(address.canonical));
      const isWithinLimit = mailbox?.isAllowed !== false;
      const position = await withAppendSpan('append verification wish', () =>
        resendVerification(deps, { address, isWithinLimit }, cause),
      );
      await answerCommand(deps, { request, reply, position });
      return reply.code(202).send({ status: 'accepted' });
    },
  });
}
