import { createHttpApp, type HealthChecks, type KeyRings, type Logger } from '@zameni/runtime';
import { type ErasureRoutesDeps, erasureRoutes } from './http/erasure-routes.ts';
import { type ProjectionRoutesDeps, projectionRoutes } from './http/projection-routes.ts';
import { type RegistrationRoutesDeps, registrationRoutes } from './http/registration-routes.ts';
import { type StatsRoutesDeps, statsRoutes } from './http/stats-routes.ts';
import { type UserRoutesDeps, userRoutes } from './http/user-routes.ts';
import type { ReferenceFiles } from './reference/files.ts';
import { referenceRoutes } from './reference/routes.ts';

/** What the query API needs. */
export type AppDeps = UserRoutesDeps &
  RegistrationRoutesDeps &
  ErasureRoutesDeps &
  ProjectionRoutesDeps &
  StatsRoutesDeps & {
    readonly logger: Logger;
    readonly checks: HealthChecks;
    readonly degradedChecks: HealthChecks;
    readonly keyRings?: KeyRings;
    readonly reference: ReferenceFiles;
    /** Called with each route that is added. */
    readonly onRoute?: (route: {
      readonly method: string | string[];
      readonly url: string;
    }) => void;
  };

type App = ReturnType<typeof createHttpApp>;

/** Creates the query API as a Fastify application that does not listen yet. */
export async function createApp(deps: AppDeps): Promise<App> {
  const app = createHttpApp(deps);
  if (deps.onRoute !== undefined) app.addHook('onRoute', deps.onRoute);
  await app.register(userRoutes(deps));
  await app.register(erasureRoutes(deps));
  await app.register(registrationRoutes(deps));
  await app.register(projectionRoutes(deps));
  await app.register(statsRoutes(deps));
  await app.register(referenceRoutes(deps.reference));
  return app;
}
