import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { OPERATIONS } from '@zameni/contracts';
import { AppError, type Digests, drawBytes, toRoute, withAppendSpan } from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidV7 } from 'uuid';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import { type CallerDeps, toCalled } from './caller.ts';
import type { Cause } from './event-messages.ts';
import { parseIdempotencyKey } from './idempotency-key.ts';
import { type RegisterContext, type RegisterDeps, register } from './register.ts';
import { parseRegistration } from './registration-request.ts';

/** What the registration routes need of the outside. */
export type RegistrationRoutesDeps = RegisterDeps & CallerDeps & AnswerDeps;

/** `POST /v1/registrations`: 202 for the public; 201, 202 or 409 with scope `registrations:write`. */
export function addRegistrationRoutes(app: FastifyInstance, deps: RegistrationRoutesDeps): void {
  app.withTypeProvider<TypeBoxTypeProvider>().route({
    ...toRoute(OPERATIONS.registerPerson),
    handler: async (request, reply) => {
      const { caller, cause } = await toCalled(deps, request, reply);
      const header = request.headers['idempotency-key'];
      const idempotencyKey = parseIdempotencyKey(header, caller === undefined);
      const registration = parseRegistration(request.body);
      const isTold = caller?.scopes.has('registrations:write') === true;
      const context = { ...toContext(deps.digests, cause, idempotencyKey), isTold };
      const { outcome, position } = await withAppendSpan('append registration', () =>
        register(deps, registration, context),
      );
      await answerCommand(deps, { request, reply, position });
      const id = context.registrationId;
      if (isTold && outcome === 'refused') throw new AppError('address-taken');
      if (isTold && outcome === 'registered') {
        return reply.code(201).header('Location', `/v1/users/${id}`).send({ userId: id });
      }
      return reply
        .code(202)
        .header('Location', `/v1/registrations/${id}`)
        .send({ registrationId: id });
    },
  });
}

function toContext(
  digests: Digests,
  cause: Cause,
  idempotencyKey: string | undefined,
): Omit<RegisterContext, 'isTold'> {
  const { type, id } = cause.actor;
  return {
    ...cause,
    registrationId:
      idempotencyKey === undefined
        ? (uuidV7({ random: drawBytes(16) }) as RegisterContext['registrationId'])
        : digests.registrationIdOf(`${type}:${id}`, idempotencyKey),
    isRetryable: idempotencyKey !== undefined,
  };
}
