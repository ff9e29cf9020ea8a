import { type Static, Type } from 'typebox';

const Role = Type.Enum(['starting', 'active', 'standby', 'stalled']);

/** Fields that every background work of the projector has. */
const work = {
  role: Role,
  reason: Type.Optional(Type.String({ description: 'Why it is stalled' })),
};

const EraserStatus = Type.Object({
  ...work,
  left: Type.Optional(
    Type.Integer({ description: 'Deletion records; what they name is being deleted' }),
  ),
});

const RewrapperStatus = Type.Object({
  ...work,
  kek: Type.Optional(Type.String({ description: 'Key-encryption key the rest is about' })),
  left: Type.Optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'Keys of people wrapped by another one; null while they are counted',
    }),
  ),
  unusable: Type.Optional(
    Type.Integer({ description: 'Those that no key of the ring opens; they are left alone' }),
  ),
});

const ReclaimerStatus = Type.Object({
  ...work,
  phase: Type.Optional(
    Type.String({ description: 'Layer and phase of the pepper’s rotation the rest is about' }),
  ),
  isDone: Type.Optional(
    Type.Boolean({ description: 'Whether a reading of all claims found nothing left to do' }),
  ),
  found: Type.Optional(
    Type.Integer({ description: 'Claims that the last or present reading found to move' }),
  ),
});

/**
 * Answer of the projector's `GET /status`: the progress of the projection and of each background
 * work, and why one is stalled. Unknown fields are allowed, so that an older reader accepts the
 * answer of a newer projector.
 */
export const ProjectorStatus = Type.Object(
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
    eraser: EraserStatus,
    rewrapper: RewrapperStatus,
    reclaimer: ReclaimerStatus,
  },
  { title: 'ProjectorStatus' },
);
export type ProjectorStatus = Static<typeof ProjectorStatus>;
