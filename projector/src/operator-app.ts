import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import {
  createHttpApp,
  type EventLog,
  type HealthChecks,
  type KeyRings,
  type Logger,
  withDeadline,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';
import type { Eraser } from './erasure/eraser.ts';
import { isHealthy, type ProjectionStatus } from './lease/status.ts';
import type { Reclaimer } from './rotation/reclaimer.ts';
import type { Rewrapper } from './rotation/rewrapper.ts';

const Role = Type.Enum(['starting', 'active', 'standby', 'stalled']);

const RewrapperView = Type.Object(
  {
    role: Role,
    reason: Type.Optional(Type.String({ description: 'Why it is stalled' })),
    kek: Type.Optional(Type.String({ description: 'Key-encryption key the rest is about' })),
    left: Type.Optional(
      Type.Union([Type.Integer(), Type.Null()], {
        description: 'Keys of people wrapped by another one; null while they are counted',
      }),
    ),
    unusable: Type.Optional(
      Type.Integer({ description: 'Those that no key of the ring opens; they are left alone' }),
    ),
  },
  { additionalProperties: false },
);

const ReclaimerView = Type.Object(
  {
    role: Role,
    reason: Type.Optional(Type.String({ description: 'Why it is stalled' })),
    phase: Type.Optional(
      Type.String({ description: 'Layer and phase of the pepper’s rotation the rest is about' }),
    ),
    isDone: Type.Optional(
      Type.Boolean({ description: 'Whether a reading of all claims found nothing left to do' }),
    ),
    found: Type.Optional(
      Type.Integer({ description: 'Claims that the last or present reading found to move' }),
    ),
  },
  { additionalProperties: false },
);

/** Answer of `GET /status`: how far projection, eraser and movers are, and what keeps them. */
export const StatusView = Type.Object(
  {
    projection: Type.String(),
    version: Type.Integer(),
    role: Role,
    position: Type.Integer({ description: 'Last record that is in the rows' }),
    head: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Last record of the log, of any kind; null while the log cannot be asked',
    }),
    lag: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Records between the two, of any kind',
    }),
    stall: Type.Optional(
      Type.Object({
        kind: Type.Enum(['poison', 'fault']),
        reason: Type.String(),
        position: Type.Optional(Type.Integer()),
        subject: Type.Optional(Type.String()),
        eventId: Type.Optional(Type.String()),
      }),
    ),
    eraser: Type.Object(
      {
        role: Role,
        reason: Type.Optional(Type.String({ description: 'Why it is stalled' })),
        left: Type.Optional(
          Type.Integer({ description: 'Deletion records; what they name is being deleted' }),
        ),
      },
      { additionalProperties: false },
    ),
    rewrapper: RewrapperView,
    reclaimer: ReclaimerView,
  },
  { additionalProperties: false, title: 'ProjectorStatus' },
);
export type StatusView = Static<typeof StatusView>;

/** Milliseconds to wait for the log's head. */
const HEAD_DEADLINE_MS = 500;

/** What the operator's port shows. */
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

/** The operator's port, inside only: `/livez`, `/readyz` and `/status`. */
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
  app.get('/status', { schema: { response: { 200: StatusView } } }, async (request) => ({
    ...toStatusView(status(), await headOrNull(request.signal)),
    eraser: { ...toWorkView(eraser.status()), ...eraser.progress() },
    rewrapper: { ...toWorkView(rewrapper.status()), ...rewrapper.progress() },
    reclaimer: { ...toWorkView(reclaimer.status()), ...reclaimer.progress() },
  }));
  return app;

  async function headOrNull(signal: AbortSignal): Promise<number | null> {
    try {
      return await withDeadline(log.head(signal), HEAD_DEADLINE_MS, () => new Error('too late'));
    } catch {
      // An operator asks above all when something is away; the rest of the answer is still true.
      return null;
    }
  }
}

function toStatusView(
  status: ProjectionStatus,
  head: number | null,
): Omit<StatusView, 'eraser' | 'rewrapper' | 'reclaimer'> {
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

function toWorkView(status: ProjectionStatus) {
  const reason = status.state === 'stalled' ? { reason: status.stall.reason } : {};
  return { role: status.state, ...reason };
}
