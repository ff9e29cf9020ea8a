import { type Static, Type } from 'typebox';
import { Timestamp } from './identifiers.ts';

/** Every reason for which a subject of the log is parked, with its meaning. */
export const PARK_REASONS = {
  newer: 'a later version of Zameni wrote the record',
  undecodable: 'the record has no form that this version knows',
  'key-missing': 'the log has no key of the person, although they were not erased',
  'key-unusable': 'no key-encryption key opens the key of the person',
  undecryptable: 'the key of the person does not open the event',
  'fold-failed': 'the fold of a read model failed',
  'version-gap': 'the log did not show an event of the account that comes before this one',
  rejected: 'Postgres refuses the rows; the detail is the SQLSTATE',
} as const satisfies Record<string, string>;

/** A reason in one word: of a park, or of an operator. Free text could hold personal data. */
export const ReasonWord = Type.String({
  title: 'ReasonWord',
  pattern: '^[a-z][a-z0-9-]{0,63}$',
  description: 'Lower-case word with hyphens',
});

/** A position in the log as operators see it: the plain number. */
const PlainPosition = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/**
 * A subject of the log with a record that one version of a projection cannot apply. Its later
 * records wait behind that record. Unknown fields are allowed, so that an older reader accepts the
 * answer of a newer projector.
 */
export const ParkedSubject = Type.Object(
  {
    projection: Type.String(),
    version: Type.Integer(),
    subject: Type.String(),
    id: Type.String({ description: 'Last part of the subject: the id of the account or attempt' }),
    position: Type.Integer({ description: 'Position of the first record that is not applied' }),
    lastPosition: Type.Integer({ description: 'Position of the last record that waits' }),
    waiting: Type.Integer({ description: 'Records that wait, the first one included' }),
    reason: ReasonWord,
    detail: Type.Union([Type.String(), Type.Null()], { description: 'SQLSTATE of `rejected`' }),
    tries: Type.Integer({ description: 'How many times the record was tried' }),
    traceId: Type.Union([Type.String(), Type.Null()], {
      description: 'Trace of the request that appended the record',
    }),
    parkedAt: Timestamp,
    redriveRequestedAt: Type.Union([Timestamp, Type.Null()], {
      description: 'When an operator requested another try; null if none is pending',
    }),
  },
  { title: 'ParkedSubject' },
);
export type ParkedSubject = Static<typeof ParkedSubject>;

/** The place of a parked subject in a list: position, version and projection. */
export const ParkedCursor = Type.String({
  title: 'ParkedCursor',
  pattern: '^[0-9]{1,16}-[0-9]{1,9}-[a-z][a-z0-9-]{0,63}$',
  description: 'Opaque; send it back as `after`',
});

/** Parked subjects in the order of their positions, and the cursor of the next page. */
export const ParkedSubjects = Type.Object(
  {
    parked: Type.Array(ParkedSubject),
    next: Type.Union([ParkedCursor, Type.Null()], { description: 'null on the last page' }),
  },
  { title: 'ParkedSubjects' },
);
export type ParkedSubjects = Static<typeof ParkedSubjects>;

/** Most parked subjects in one answer, and the number without `limit`. */
export const MAX_PARKED_PAGE = 1_000;
export const PARKED_PAGE = 100;

/** Query of `GET /v1/parked`. Parameters of a URL are texts, so `limit` is one. */
export const ParkedFilter = Type.Object(
  {
    projection: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' })),
    reason: Type.Optional(ReasonWord),
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$' })),
    after: Type.Optional(ParkedCursor),
  },
  { additionalProperties: false, title: 'ParkedFilter' },
);
export type ParkedFilter = Static<typeof ParkedFilter>;

/**
 * Body of `POST /v1/parked/{id}/discards`: skip the record at this position for ever. The position
 * names what the operator has seen, so that no other record is skipped by mistake.
 */
export const DiscardParked = Type.Object(
  { reason: ReasonWord, position: PlainPosition },
  { additionalProperties: false, title: 'DiscardParked' },
);
export type DiscardParked = Static<typeof DiscardParked>;
