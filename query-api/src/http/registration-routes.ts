import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { OPERATIONS, parseUserId, type RegistrationView } from '@zameni/contracts';
import { AppError, type RegistrationIds, toRoute } from '@zameni/runtime';
import type { IsInLog } from '../stores/log-lookup.ts';
import { parseStatus } from '../views/registration-status.ts';
import { type ReadDeps, readWithHeaders } from './read-with-headers.ts';

/** What the route needs. */
export type RegistrationRoutesDeps = ReadDeps & {
  readonly registrationIds: Pick<RegistrationIds, 'isOurs'>;
  readonly isInLog: IsInLog;
  /** The same, but what the log lacked a moment ago may still seem to be absent. */
  readonly wasInLog: IsInLog;
};

/**
 * `GET /v1/registrations/{id}`: the id is enough to read the status, and a scope reveals no more.
 * If the read model has no registration, the log is asked, so an accepted one is never "not found".
 * A parked one is accepted too: its record waits.
 * An id without the check of one of our keys was made up, and no store is asked for it.
 * For an ended registration the log is not asked, because it keeps records of an attempt for a
 * while after the attempt's instant.
 */
export function registrationRoutes(deps: RegistrationRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readRegistration),
      handler: async (request, reply): Promise<RegistrationView> => {
        const id = parseUserId(request.params.id);
        if (id === undefined || !deps.registrationIds.isOurs(id)) {
          throw new AppError('registration-not-found');
        }
        const subject = { kind: 'registration', id } as const;
        const { view, parkedAt } = await readWithHeaders(deps, subject, request, reply);
        if (parkedAt !== undefined) {
          const status = typeof view === 'string' ? 'accepted' : parseStatus(view);
          return { registrationId: id, status, parked: true };
        }
        if (typeof view !== 'string') return { registrationId: id, status: parseStatus(view) };
        const isFresh = request.headers['min-position'] !== undefined;
        const isInLog = isFresh ? deps.isInLog : deps.wasInLog;
        if (view === 'absent' && (await isInLog(id, request.signal))) {
          return { registrationId: id, status: 'accepted' };
        }
        throw new AppError('registration-not-found');
      },
    });
  };
}
