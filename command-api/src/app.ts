import { createHttpApp, type HealthChecks, type Logger } from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';
import { addRegistrationRoutes, type RegistrationRoutesDeps } from './registration-routes.ts';

/** Everything the command API needs of the outside. */
export type AppDeps = RegistrationRoutesDeps & {
  readonly logger: Logger;
  readonly checks: HealthChecks;
};

/** The command API as an application that is not listening yet. */
export function createApp(deps: AppDeps): FastifyInstance {
  const app = createHttpApp({ logger: deps.logger, checks: deps.checks });
  addRegistrationRoutes(app, deps);
  return app;
}
