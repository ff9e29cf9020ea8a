import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { OPERATIONS } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  currentTraceparent,
  drawBytes,
  type Digests,
  type Positions,
  type TokenVerifier,
  toRoute,
  traceIdOf,
  withAppendSpan,
} from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidV7 } from 'uuid';
import { type RegisterContext, type RegisterDeps, register } from './register.ts';
import { parseIdempotencyKey, parseRegistration } from './registration-request.ts';

/** What the registration routes need of the outside. */
export type RegistrationRoutesDeps = RegisterDeps & {
  readonly tokens: TokenVerifier;
  readonly positions: Positions;
};

/** `POST /v1/registrations`: 202 for the public; 201 or 409 with scope `registrations:write`. */
export function addRegistrationRoutes(app: FastifyInstance, deps: RegistrationRoutesDeps): void {
  app.withTypeProvider<TypeBoxTypeProvider>().route({
    ...toRoute(OPERATIONS.registerPerson),
    handler: async (request, reply) => {
      const caller = await deps.tokens.verify(request.headers.authorization);
      const idempotencyKey = parseIdempotencyKey(request.headers['idempotency-key']);
      const registration = parseRegistration(request.body);
      const context = toContext(deps.digests, caller, idempotencyKey, traceIdOf(request));
      const { outcome, position } = await withAppendSpan('append registration', () =>
        register(deps, registration, { ...context, traceparent: currentTraceparent() }),
      );
      reply.header('Position', deps.positions.seal(position)).header('Cache-Control', 'no-store');
      const id = context.registrationId;
      if (caller === undefined || !caller.scopes.has('registrations:write')) {
        return reply
          .code(202)
          .header('Location', `/v1/registrations/${id}`)
          .send({ registrationId: id });
      }
      if (outcome === 'refused') throw new AppError('address-taken');
      return reply.code(201).header('Location', `/v1/users/${id}`).send({ userId: id });
    },
  });
}

function toContext(
  digests: Digests,
  caller: Caller | undefined,
  idempotencyKey: string | undefined,
  causationId: string,
): Omit<RegisterContext, 'traceparent'> {
  const actor =
    caller === undefined
      ? ({ type: 'anonymous', id: 'anonymous' } as const)
      : ({ type: 'caller', id: caller.subject } as const);
  return {
    registrationId:
      idempotencyKey === undefined
        ? (uuidV7({ random: drawBytes(16) }) as RegisterContext['registrationId'])
        : digests.registrationIdOf(`${actor.type}:${actor.id}`, idempotencyKey),
    isRetryable: idempotencyKey !== undefined,
    actor,
    causationId,
    time: new Date().toISOString(),
  };
}
