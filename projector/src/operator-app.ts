import { ACCOUNTS_PROJECTION, ProjectorStatus } from '@zameni/contracts';
import {
  createHttpApp,
  type EventLog,
  type HealthChecks,
  type KeyRings,
  type Logger,
  withDeadline,
} from '@zameni/runtime';
import type { Eraser } from './erasure/eraser.ts';
import { isHealthy, type ProjectionStatus } from './lease/status.ts';
import type { Reclaimer } from './rotation/reclaimer.ts';
import type { Rewrapper } from './rotation/rewrapper.ts';

/** Milliseconds to wait for the head of the log. */
const HEAD_DEADLINE_MS = 500;

/** Dependencies of the operator's port. */
export type OperatorAppOptions = {
  readonly logger: Logger;
  readonly log: Pick<EventLog, 'head'>;
  readonly status: () => ProjectionStatus;
  readonly eraser: Pick<Eraser, 'status' | 'progress'>;
  readonly rewrapper: Pick<Rewrapper, 'status' | 'progress'>;
  readonly reclaimer: Pick<Reclaimer, 'status' | 'progress'>;
  readonly keyRings?: KeyRings;
  readonly checks: HealthChecks;
  readonly degradedChecks: HealthChecks;
};

/**
 * Creates the operator's port, for internal use only: `/livez`, `/readyz`, `/key-rings` and
 * `/status`. Readiness depends on the projection and the eraser. Stalls of the re-wrapper and the
 * reclaimer are in `/status` only.
 */
export function createOperatorApp(options: OperatorAppOptions): ReturnType<typeof createHttpApp> {
  const { logger, log, status, eraser, rewrapper, reclaimer, degradedChecks } = options;
  const { keyRings = {} } = options;
  const app = createHttpApp({
    logger,
    keyRings,
    degradedChecks,
    checks: {
      ...options.checks,
      projection: async () => {
        if (!isHealthy(status())) throw new Error('the projection is stalled or not yet started');
      },
      eraser: async () => {
        if (!isHealthy(eraser.status()))
          throw new Error('the eraser is stalled or not yet started');
      },
    },
  });
  app.get('/status', { schema: { response: { 200: ProjectorStatus } } }, async (request) => ({
    ...toProjection(status(), await headOrNull(request.signal)),
    eraser: { ...toWork(eraser.status()), ...eraser.progress() },
    rewrapper: { ...toWork(rewrapper.status()), ...rewrapper.progress() },
    reclaimer: { ...toWork(reclaimer.status()), ...reclaimer.progress() },
  }));
  return app;

  async function headOrNull(signal: AbortSignal): Promise<number | null> {
    try {
      return await withDeadline(log.head(signal), HEAD_DEADLINE_MS, () => new Error('too late'));
    } catch {
      // Operators need this answer most when a dependency is down. The rest of it is still correct.
      return null;
    }
  }
}

function toProjection(
  status: ProjectionStatus,
  head: number | null,
): Omit<ProjectorStatus, 'eraser' | 'rewrapper' | 'reclaimer'> {
  return {
    projection: ACCOUNTS_PROJECTION.name,
    version: ACCOUNTS_PROJECTION.version,
    role: status.state,
    position: status.position,
    head,
    lag: head === null ? null : Math.max(0, head - status.position),
    ...(status.state === 'stalled' ? { stall: status.stall } : {}),
  };
}

function toWork(status: ProjectionStatus) {
  const reason = status.state === 'stalled' ? { reason: status.stall.reason } : {};
  return { role: status.state, ...reason };
}
