import { type Static, Type } from 'typebox';
import { Timestamp } from './identifiers.ts';
import { ReasonWord } from './parked.ts';

/** The read models that a rebuild can select. `users` includes the owners of addresses. */
export const READ_MODELS = ['users', 'attempts', 'registration_stats'] as const;
export const ReadModel = Type.Enum([...READ_MODELS]);
export type ReadModel = Static<typeof ReadModel>;

/**
 * The states of a version. `building`: it is filled from the log, then compared and switched to.
 * `differs`: it differs from the live version, and an operator has to accept or cancel it. `live`:
 * readers see it. `kept`: it was live, and is followed until it is dropped. `dropped`: it is about to
 * be deleted.
 */
const READ_MODELS_STATES = ['building', 'differs', 'live', 'kept', 'dropped'] as const;

/** How one table of a version compares with that of the live version. */
export const TableComparison = Type.Object(
  {
    table: Type.String(),
    rows: Type.Integer({ description: 'Rows that were compared' }),
    onlyLive: Type.Integer({ description: 'Rows that only the live version has' }),
    onlyNew: Type.Integer({ description: 'Rows that only the new version has' }),
    differing: Type.Integer({ description: 'Rows that both have, with other values' }),
    columns: Type.Record(Type.String(), Type.Integer(), {
      description: 'Rows in which a column has another value, by column',
    }),
    newColumns: Type.Array(Type.String(), { description: 'Columns of one version only' }),
    examples: Type.Array(Type.String(), {
      description: 'Keys of some rows that differ: ids, keyed digests, minutes. No personal data',
    }),
  },
  { title: 'TableComparison' },
);
export type TableComparison = Static<typeof TableComparison>;

/** The comparison of a version with the live one. */
export const ReadModelsComparison = Type.Object(
  {
    isDone: Type.Boolean(),
    isEqual: Type.Boolean({ description: 'Whether no row differs, so far' }),
    tables: Type.Array(TableComparison),
  },
  { title: 'ReadModelsComparison' },
);
export type ReadModelsComparison = Static<typeof ReadModelsComparison>;

/** A version of the read models. Unknown fields are allowed, as for parked subjects. */
export const ReadModelsVersion = Type.Object(
  {
    version: Type.Integer(),
    state: Type.Enum([...READ_MODELS_STATES]),
    selected: Type.Array(ReadModel, {
      description: 'Read models that are filled from the log. The others were copied',
    }),
    carriedPosition: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Position up to which counts and read models were copied; null before that',
    }),
    position: Type.Integer(),
    parked: Type.Integer(),
    comparison: Type.Union([ReadModelsComparison, Type.Null()]),
    acceptedReason: Type.Union([ReasonWord, Type.Null()]),
    startedAt: Timestamp,
    changedAt: Timestamp,
  },
  { title: 'ReadModelsVersion' },
);
export type ReadModelsVersion = Static<typeof ReadModelsVersion>;

/** All versions of the read models, by number, and the head of the log; null if it is unknown. */
export const ReadModelsVersions = Type.Object(
  {
    head: Type.Union([Type.Integer(), Type.Null()]),
    versions: Type.Array(ReadModelsVersion),
  },
  { title: 'ReadModelsVersions' },
);
export type ReadModelsVersions = Static<typeof ReadModelsVersions>;

/** Body of `POST /v1/read-models`: begin a rebuild of these read models, or of all. */
export const StartRebuild = Type.Object(
  { readModels: Type.Optional(Type.Array(ReadModel, { minItems: 1, uniqueItems: true })) },
  { additionalProperties: false, title: 'StartRebuild' },
);
export type StartRebuild = Static<typeof StartRebuild>;

/** Body of `POST /v1/read-models/{version}/acceptances`: switch to it although it differs. */
export const AcceptRebuild = Type.Object(
  { reason: ReasonWord },
  { additionalProperties: false, title: 'AcceptRebuild' },
);
export type AcceptRebuild = Static<typeof AcceptRebuild>;
