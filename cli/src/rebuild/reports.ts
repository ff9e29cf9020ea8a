import { ReadModelsVersion } from '@zameni/contracts';
import { type Static, Type } from 'typebox';

/**
 * What became of a version. `switched`: readers see it. `differs`: an operator has to accept or
 * cancel it. `requested`: it is being built, and the command did not wait. `not-done`: it is not
 * done within the wait, and goes on. `went-back`, `cancelled`, `dropped`: as the option asked.
 */
const Outcome = Type.Enum([
  'switched',
  'differs',
  'requested',
  'not-done',
  'went-back',
  'cancelled',
  'dropped',
]);

/** Output of `zameni rebuild --json`: the version that it was about, or those that were dropped. */
export const RebuildReport = Type.Object(
  {
    outcome: Outcome,
    versions: Type.Array(ReadModelsVersion),
  },
  { additionalProperties: false, title: 'RebuildReport' },
);
export type RebuildReport = Static<typeof RebuildReport>;
