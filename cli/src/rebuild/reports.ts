import { ReadModelsVersion } from '@zameni/contracts';
import { type Static, Type } from 'typebox';

/** Output of `zameni rebuild --json`: the version that it was about, or those that were dropped. */
export const RebuildReport = Type.Object(
  {
    outcome: Type.Enum(['switched', 'differs', 'went-back', 'cancelled', 'dropped']),
    versions: Type.Array(ReadModelsVersion),
  },
  { additionalProperties: false, title: 'RebuildReport' },
);
export type RebuildReport = Static<typeof RebuildReport>;
