import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { MAX_PUBLIC_BODY_BYTES, OPERATIONS, type UserId } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  type Digests,
  drawBytes,
  type RegistrationIds,
  toRoute,
} from '@zameni/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { v7 as uuidV7 } from 'uuid';
import { answerCommand, type AnswerDeps } from './answer-command.ts';
import { admit, calledOf, type CallerDeps } from './caller.ts';
import { publish, type UntracedCause } from '../commit/publish.ts';
import { parseIdempotencyKey } from './idempotency-key.ts';
import type { LogRoom, RoomKind } from '../log/room.ts';
import { type RegisterDeps, register } from '../commands/register.ts';
import { type RegisterAttemptDeps, registerAttempt } from '../commands/register-attempt.ts';
import { parseRegistration, type RegistrationRequest } from '../commands/registration-request.ts';

/** Dependencies of the registration routes. */
export type RegistrationRoutesDeps = RegisterDeps &
  RegisterAttemptDeps &
  CallerDeps &
  AnswerDeps & { readonly room: LogRoom; readonly registrationIds: RegistrationIds };

/**
 * `POST /v1/registrations`: an attempt and 202 for the public; an account and 201, or 409, with
 * scope `registrations:write`.
 */
export function addRegistrationRoutes(app: FastifyInstance, deps: RegistrationRoutesDeps): void {
  app.withTypeProvider<TypeBoxTypeProvider>().route({
    ...toRoute(OPERATIONS.registerPerson),
    onRequest: admit(deps),
    // Before the body is checked against its schema, which takes longer for a large one.
    preValidation: async (request) => {
      if (kindOf(calledOf(request).caller) === 'public') requirePublicSize(request);
    },
    handler: async (request, reply) => {
      const { caller, cause } = calledOf(request);
      const kind = kindOf(caller);
      const header = request.headers['idempotency-key'];
      const idempotencyKey = parseIdempotencyKey(header, caller === undefined);
      const registration = parseRegistration(request.body);
      deps.room.assert(kind);
      if (kind === 'public') refuseVouching(registration);
      const id = toId(deps, { kind, cause, idempotencyKey });
      const isRetryable = idempotencyKey !== undefined;
      if (kind === 'vouched') {
        const position = await publish(cause, (traced) =>
          register(deps, registration, { ...traced, userId: id, isRetryable }),
        );
        await answerCommand(deps, { request, reply, position });
        return reply.code(201).header('Location', `/v1/users/${id}`).send({ userId: id });
      }
      const position = await publish(cause, (traced) =>
        registerAttempt(deps, registration, { ...traced, id, isRetryable }),
      );
      await answerCommand(deps, { request, reply, position });
      return reply
        .code(202)
        .header('Location', `/v1/registrations/${id}`)
        .send({ registrationId: id });
    },
  });
}

/**
 * Refuses large bodies from the public, also those with a token that turns out to lack the scope.
 */
function requirePublicSize({ bodyBytes }: FastifyRequest): void {
  if (bodyBytes <= MAX_PUBLIC_BODY_BYTES) return;
  const detail = `A public body has at most ${MAX_PUBLIC_BODY_BYTES} bytes`;
  throw new AppError('payload-too-large', { detail });
}

function kindOf(caller: Caller | undefined): RoomKind {
  return caller?.scopes.has('registrations:write') === true ? 'vouched' : 'public';
}

/** Only a caller with the scope vouches for a mailbox. */
function refuseVouching({ emailVerified }: RegistrationRequest): void {
  if (emailVerified === undefined) return;
  const errors = [{ pointer: '/emailVerified', code: 'not-taken' }] as const;
  throw new AppError('invalid-request', { errors });
}

type Ids = { readonly digests: Digests; readonly registrationIds: RegistrationIds };

type Meant = {
  readonly kind: RoomKind;
  readonly cause: UntracedCause;
  readonly idempotencyKey: string | undefined;
};

/** The id depends on whether the caller has the scope: attempt and account never share one. */
function toId({ digests, registrationIds }: Ids, { kind, cause, idempotencyKey }: Meant): UserId {
  if (idempotencyKey === undefined) {
    // A UUID of version 7 is a user id.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return registrationIds.fromRandom(uuidV7({ random: drawBytes(16) }) as UserId);
  }
  const { type, id } = cause.actor;
  const digest = digests.registrationDigestOf(`${kind}\n${type}:${id}`, idempotencyKey);
  return registrationIds.fromDigest(digest);
}
