import { randomUUID } from 'node:crypto';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  MAIL_WISH_LIFETIME_SECONDS,
  type MailWish,
  MAX_PUBLIC_BODY_BYTES,
  OPERATIONS,
  subjects,
} from '@zameni/contracts';
import { toRoute } from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import { admit, calledOf, type CallerDeps } from './caller.ts';
import type { LogRoom } from '../log/room.ts';
import type { PublicRecords } from '../commit/public-records.ts';
import { beginCommand } from '../commit/begin-command.ts';
import { publish } from '../commit/publish.ts';
import { previewVerification } from '../commands/preview-verification.ts';
import type { UserCommandDeps } from '../commands/user-commands.ts';
import { parseSaid, requireAddress } from '../commands/user-request.ts';
import { verifyEmail } from '../commands/verify-email.ts';

/** Dependencies of the verification routes. */
export type VerificationRoutesDeps = UserCommandDeps &
  CallerDeps &
  AnswerDeps & { readonly publicRecords: PublicRecords; readonly room: LogRoom };

/** Adds proof of a mailbox, its preview and mail wishes. No scope allows larger bodies than the public's. */
export function addVerificationRoutes(app: FastifyInstance, deps: VerificationRoutesDeps): void {
  const routes = app.withTypeProvider<TypeBoxTypeProvider>();
  routes.route({
    ...toRoute(OPERATIONS.verifyEmail),
    bodyLimit: MAX_PUBLIC_BODY_BYTES,
    onRequest: admit(deps),
    handler: async (request, reply) => {
      const { cause } = calledOf(request);
      const { token, ...said } = parseSaid(request.body);
      const { userId, position } = await publish(cause, (traced) =>
        verifyEmail(deps, { token, said }, traced),
      );
      await answerCommand(deps, { request, reply, position });
      return reply.code(202).send({ userId });
    },
  });
  routes.route({
    ...toRoute(OPERATIONS.previewVerification),
    bodyLimit: MAX_PUBLIC_BODY_BYTES,
    onRequest: admit(deps),
    handler: async (request, reply) => {
      const { cause } = calledOf(request);
      const preview = await previewVerification(deps, request.body.token, cause);
      return reply.header('Cache-Control', 'no-store').send(preview);
    },
  });
  routes.route({
    ...toRoute(OPERATIONS.resendVerification),
    bodyLimit: MAX_PUBLIC_BODY_BYTES,
    onRequest: admit(deps),
    handler: async (request, reply) => {
      const { cause } = calledOf(request);
      const { canonical } = requireAddress(request.body.email);
      deps.room.assert('public');
      // Nothing is read, so that the work is the same for every address.
      const position = await publish(cause, ({ time, traceparent }) => {
        const wish: MailWish = { claim: deps.digests.claimOf(canonical), time };
        const record = {
          subject: subjects.mailWish(randomUUID()),
          data: JSON.stringify(wish),
          ttlSeconds: MAIL_WISH_LIFETIME_SECONDS,
          ...(traceparent === undefined ? {} : { traceparent }),
        };
        return deps.publicRecords.append(record, beginCommand(deps));
      });
      await answerCommand(deps, { request, reply, position });
      return reply.code(202).send({ status: 'accepted' });
    },
  });
}
