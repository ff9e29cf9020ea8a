import { OPERATIONS } from '@zameni/contracts';
import {
  createHttpApp,
  type HealthChecks,
  type KeyRings,
  type Logger,
  type LogRequests,
  type TrustedProxies,
  type SecurityWatch,
} from '@zameni/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addRegistrationRoutes, type RegistrationRoutesDeps } from './http/registration-routes.ts';
import { addUserRoutes, type UserRoutesDeps } from './http/user-routes.ts';
import { addVerificationRoutes } from './http/verification-routes.ts';
import { addImportRoutes, type ImportRoutesDeps } from './import/routes.ts';

/** Dependencies of the command API. */
export type AppDeps = RegistrationRoutesDeps &
  ImportRoutesDeps &
  UserRoutesDeps & {
    readonly logger: Logger;
    readonly logRequests?: LogRequests;
    readonly leaving?: AbortSignal;
    readonly trustedProxies?: TrustedProxies;
    readonly security?: SecurityWatch;
    readonly checks: HealthChecks;
    /** Dependencies that commands can be decided without. Some answers wait for them. */
    readonly degradedChecks?: HealthChecks;
    readonly keyRings?: KeyRings;
  };

/** Creates the command API as an application that does not listen yet. */
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
 * Whether a request certainly comes from the public, whose flood must not refuse proofs. A request
 * with a token without the scope ends in a public record too, but counts with commands.
 */
function isOfPublic({ headers, routeOptions }: FastifyRequest): boolean {
  return headers.authorization === undefined && publicPaths.has(routeOptions.url);
}
