import { OPERATIONS } from '@zameni/contracts';
import { createHttpApp, type HealthChecks, type KeyRings, type Logger } from '@zameni/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addRegistrationRoutes, type RegistrationRoutesDeps } from './http/registration-routes.ts';
import { addUserRoutes, type UserRoutesDeps } from './http/user-routes.ts';
import { addVerificationRoutes } from './http/verification-routes.ts';
import { addImportRoutes, type ImportRoutesDeps } from './import/routes.ts';

/** Everything the command API needs of the outside. */
export type AppDeps = RegistrationRoutesDeps &
  ImportRoutesDeps &
  UserRoutesDeps & {
    readonly logger: Logger;
    readonly checks: HealthChecks;
    /** Dependencies without which commands are still decided. */
    readonly degradedChecks?: HealthChecks;
    readonly keyRings?: KeyRings;
  };

/** The command API as an application that is not listening yet. */
export function createApp(deps: AppDeps): FastifyInstance {
  const { committer, publicRecords } = deps;
  const isOverloaded = (request: FastifyRequest) =>
    (isOfPublic(request) ? publicRecords : committer).isOverloaded();
  const app = createHttpApp({ ...deps, isOverloaded });
  addRegistrationRoutes(app, deps);
  addVerificationRoutes(app, deps);
  addUserRoutes(app, deps);
  addImportRoutes(app, deps);
  return app;
}

const publicPaths: ReadonlySet<string | undefined> = new Set([
  OPERATIONS.registerPerson.path,
  OPERATIONS.resendVerification.path,
]);

/**
 * Whether a request is certainly of the public: a flood of these must not refuse proofs. One with a token but
 * without the scope ends in a record of the public too, and counts with commands.
 */
function isOfPublic({ headers, routeOptions }: FastifyRequest): boolean {
  return headers.authorization === undefined && publicPaths.has(routeOptions.url);
}
