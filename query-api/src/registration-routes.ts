import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  OPERATIONS,
  parseUserId,
  RegistrationOutcome,
  type RegistrationView,
} from '@zameni/contracts';
import {
  AppError,
  type Caller,
  type TokenVerifier,
  toRoute,
  type ViewContent,
} from '@zameni/runtime';
import { Compile } from 'typebox/compile';
import { type ReadDeps, readWithHeaders } from './read-with-headers.ts';

/** Whether the log has a record of this registration; throws `log-unavailable`. */
export type IsInLog = (registrationId: string, signal: AbortSignal) => Promise<boolean>;

/** What the routes of registrations need. */
export type RegistrationRoutesDeps = ReadDeps & {
  readonly tokens: TokenVerifier;
  readonly isInLog: IsInLog;
};

const outcomeCheck = Compile(RegistrationOutcome);

/**
 * `GET /v1/registrations/{id}`: possession of the id is enough to learn its status; the outcome is
 * for callers with scope `registrations:write`. What the read model does not have yet is asked of the
 * log, so an accepted registration is never "not found".
 */
export function registrationRoutes(deps: RegistrationRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readRegistration),
      handler: async (request, reply): Promise<RegistrationView> => {
        const caller = await deps.tokens.verify(request.headers.authorization);
        const id = parseUserId(request.params.id);
        if (id === undefined) throw new AppError('registration-not-found');
        const subject = { kind: 'registration', id } as const;
        const { view } = await readWithHeaders(deps, subject, request, reply);
        if (typeof view !== 'string') return toProcessed(id, view, caller);
        if (await deps.isInLog(id, request.signal))
          return { registrationId: id, status: 'accepted' };
        throw new AppError('registration-not-found');
      },
    });
  };
}

function toProcessed(
  registrationId: string,
  view: ViewContent,
  caller: Caller | undefined,
): RegistrationView {
  const processed = { registrationId, status: 'processed' } as const;
  if (!caller?.scopes.has('registrations:write')) return processed;
  const outcome: unknown = JSON.parse(view.body);
  if (!outcomeCheck.Check(outcome)) throw new Error('a stored registration outcome is not valid');
  return { ...processed, outcome };
}
