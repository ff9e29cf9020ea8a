import {
  createHttpApp,
  type HealthChecks,
  type KeyRings,
  type Logger,
  type LogRequests,
  type TrustedProxies,
  type SecurityWatch,
} from '@zameni/runtime';
import { type ErasureRoutesDeps, erasureRoutes } from './http/erasure-routes.ts';
import { limitReads, type ReadLimitsDeps } from './http/read-limits.ts';
import { type MessageRoutesDeps, messageRoutes } from './http/message-routes.ts';
import { type ProjectionRoutesDeps, projectionRoutes } from './http/projection-routes.ts';
import { type RegistrationRoutesDeps, registrationRoutes } from './http/registration-routes.ts';
import { type StatsRoutesDeps, statsRoutes } from './http/stats-routes.ts';
import { type UserRoutesDeps, userRoutes } from './http/user-routes.ts';
import type { StaticFiles } from './http/static-files.ts';
import { referenceRoutes } from './reference/routes.ts';
import { startPageRoutes } from './start-page/routes.ts';
import { verifyRoutes } from './verify-page/routes.ts';

/** What the query API needs. */
export type AppDeps = UserRoutesDeps &
  RegistrationRoutesDeps &
  ErasureRoutesDeps &
  MessageRoutesDeps &
  ProjectionRoutesDeps &
  StatsRoutesDeps &
  ReadLimitsDeps & {
    readonly logger: Logger;
    readonly logRequests?: LogRequests;
    readonly leaving?: AbortSignal;
    readonly trustedProxies?: TrustedProxies;
    readonly security?: SecurityWatch;
    readonly checks: HealthChecks;
    readonly degradedChecks: HealthChecks;
    readonly keyRings?: KeyRings;
    readonly reference: StaticFiles;
    readonly verifyPage: StaticFiles;
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
  limitReads(app, deps);
  await app.register(userRoutes(deps));
  await app.register(erasureRoutes(deps));
  await app.register(messageRoutes(deps));
  await app.register(registrationRoutes(deps));
  await app.register(projectionRoutes(deps));
  await app.register(statsRoutes(deps));
  await app.register(referenceRoutes(deps.reference));
  await app.register(startPageRoutes());
  await app.register(verifyRoutes(deps.verifyPage));
  return app;
}
