import { type Static, Type } from 'typebox';

const Role = Type.Enum(['starting', 'active', 'standby', 'stalled']);

/** Fields of every worker of the projector. */
const work = {
  role: Role,
  reason: Type.Optional(Type.String({ description: 'Reason of the stall' })),
};

const EraserStatus = Type.Object({
  ...work,
  left: Type.Optional(
    Type.Integer({ description: 'Deletion records left; what they name is not deleted yet' }),
  ),
  stuck: Type.Optional(
    Type.Integer({ description: 'Deletion records of these that cannot be done; others go on' }),
  ),
  stuckReason: Type.Optional(
    Type.String({ description: 'Position of the oldest of them, and why it cannot be done' }),
  ),
});

const AuditorStatus = Type.Object({
  ...work,
  servers: Type.Optional(
    Type.Array(
      Type.Object({
        server: Type.String({ description: 'Name of a server of the log' }),
        state: Type.Enum(['healthy', 'unknown', 'damaged']),
        reason: Type.Optional(
          Type.String({ description: '`came-back`, `counts-differ` or `records-differ`' }),
        ),
      }),
      { description: 'Judgements on the copies of the log' },
    ),
  ),
  comparedUpTo: Type.Optional(
    Type.Integer({ description: 'Last position whose contents were compared on all servers' }),
  ),
});

const RewrapperStatus = Type.Object({
  ...work,
  kek: Type.Optional(
    Type.String({ description: 'Key-encryption key that `left` and `unusable` refer to' }),
  ),
  left: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'Data keys wrapped by another key; null while they are counted',
    }),
  ),
  unusable: Type.Optional(
    Type.Integer({ description: 'Data keys that no key of the ring opens; they are skipped' }),
  ),
});

const ReclaimerStatus = Type.Object({
  ...work,
  phase: Type.Optional(
    Type.String({
      description: 'Layer and phase of the rotation that `isDone` and `found` refer to',
    }),
  ),
  isDone: Type.Optional(
    Type.Boolean({ description: 'Whether a pass over all claims found none to move' }),
  ),
  found: Type.Optional(
    Type.Integer({ description: 'Claims to move that the last or current pass found' }),
  ),
});

/**
 * Answer of the projector's `GET /status`: the progress of the projection and of each worker, and
 * the reason of a stall. Unknown fields are allowed, so that an older reader accepts the answer of
 * a newer projector.
 */
export const ProjectorStatus = Type.Object(
  {
    projection: Type.String(),
    version: Type.Integer(),
    role: Role,
    position: Type.Integer({ description: 'Position of the last record in the rows' }),
    head: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Position of the last record of the log; null while the log cannot be reached',
    }),
    lag: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Records of any kind between position and head',
    }),
    reason: work.reason,
    parked: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Parked subjects; null while their number is unknown',
    }),
    eraser: EraserStatus,
    auditor: AuditorStatus,
    rewrapper: RewrapperStatus,
    reclaimer: ReclaimerStatus,
  },
  { title: 'ProjectorStatus' },
);
export type ProjectorStatus = Static<typeof ProjectorStatus>;
