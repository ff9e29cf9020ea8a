import { ACCOUNTS_PROJECTION, ProjectorStatus } from '@zameni/contracts';
import {
  createHttpApp,
  type EventLog,
  type HealthChecks,
  type KeyRings,
  type Logger,
  type LogRequests,
  type SecurityWatch,
  Fault,
} from '@zameni/runtime';
import type { AuditProgress, Auditor } from '../audit/auditor.ts';
import type { Eraser } from '../erasure/eraser.ts';
import { isHealthy, type WorkStatus } from '../lease/status.ts';
import type { Reclaimer } from '../rotation/reclaimer.ts';
import type { Rewrapper } from '../rotation/rewrapper.ts';
import { orNull } from './or-null.ts';
import { addParkedRoutes, type ParkedRoutesDeps } from './parked-routes.ts';
import { addReadModelsRoutes, type ReadModelsRoutesDeps } from './read-models-routes.ts';

/** Dependencies of the operator's port. */
export type OperatorAppOptions = {
  readonly logger: Logger;
  readonly logRequests?: LogRequests;
  readonly security?: SecurityWatch;
  readonly log: Pick<EventLog, 'head'>;
  /** The status of the live version of the read models. */
  readonly status: () => WorkStatus & { readonly version: number };
  /** The number of parked subjects; null if it is unknown. */
  readonly parked: () => Promise<number | null> | number | null;
  readonly parkedRoutes: ParkedRoutesDeps;
  readonly readModelsStore: ReadModelsRoutesDeps['store'];
  readonly eraser: Pick<Eraser, 'status' | 'progress'>;
  readonly auditor: Pick<Auditor, 'status' | 'progress'>;
  readonly rewrapper: Pick<Rewrapper, 'status' | 'progress'>;
  readonly reclaimer: Pick<Reclaimer, 'status' | 'progress'>;
  readonly keyRings?: KeyRings;
  readonly checks: HealthChecks;
  readonly degradedChecks: HealthChecks;
};

/**
 * Creates the operator's port, for internal use only: `/livez`, `/readyz`, `/key-rings`, `/status`
 * and, for callers with a token, `/v1/parked` and `/v1/read-models`. Readiness depends on the
 * projection and the eraser. Stalls of the auditor, the re-wrapper and the
 * reclaimer are in `/status` only.
 */
export function createOperatorApp(options: OperatorAppOptions): ReturnType<typeof createHttpApp> {
  const { logger, log, status, eraser, auditor, rewrapper, reclaimer, degradedChecks } = options;
  const { keyRings = {} } = options;
  const app = createHttpApp({
    logger,
    logRequests: options.logRequests,
    security: options.security,
    keyRings,
    degradedChecks,
    checks: {
      ...options.checks,
      projection: async () => {
        if (!isHealthy(status())) throw new Fault('the projection is stalled or not yet started');
      },
      eraser: async () => {
        if (!isHealthy(eraser.status()))
          throw new Fault('the eraser is stalled or not yet started');
      },
    },
  });
  app.get('/status', { schema: { response: { 200: ProjectorStatus } } }, async (request) => {
    const [head, parked] = await Promise.all([
      orNull(log.head(request.signal)),
      orNull(options.parked()),
    ]);
    return {
      ...toProjection(status(), head),
      parked,
      eraser: { ...toWork(eraser.status()), ...eraser.progress() },
      auditor: { ...toWork(auditor.status()), ...toFindings(auditor.progress()) },
      rewrapper: { ...toWork(rewrapper.status()), ...rewrapper.progress() },
      reclaimer: { ...toWork(reclaimer.status()), ...reclaimer.progress() },
    };
  });
  addParkedRoutes(app, options.parkedRoutes);
  addReadModelsRoutes(app, {
    ...options.parkedRoutes,
    store: options.readModelsStore,
    head: (signal) => orNull(log.head(signal)),
  });
  return app;
}

function toProjection(
  status: WorkStatus & { readonly version: number },
  head: number | null,
): Omit<ProjectorStatus, 'parked' | 'eraser' | 'auditor' | 'rewrapper' | 'reclaimer'> {
  return {
    projection: ACCOUNTS_PROJECTION,
    version: status.version,
    role: status.state,
    position: status.position,
    head,
    lag: head === null ? null : Math.max(0, head - status.position),
    ...(status.state === 'stalled' ? { reason: status.reason } : {}),
  };
}

function toFindings(progress: AuditProgress | undefined) {
  if (progress === undefined) return {};
  const servers = progress.servers.map(({ server, state, reason }) => ({
    server,
    state,
    ...(reason === null ? {} : { reason }),
  }));
  return { servers, comparedUpTo: progress.comparedUpTo };
}

function toWork(status: WorkStatus) {
  const reason = status.state === 'stalled' ? { reason: status.reason } : {};
  return { role: status.state, ...reason };
}
