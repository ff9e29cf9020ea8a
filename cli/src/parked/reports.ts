import { ParkedSubject } from '@zameni/contracts';
import { type Static, Type } from 'typebox';
import { SubjectOutcome } from './until-done.ts';

/** Output of `zameni parked ls --json` and `zameni parked show --json`. */
export const ParkedReport = Type.Object(
  { parked: Type.Array(ParkedSubject) },
  { additionalProperties: false, title: 'ParkedReport' },
);
export type ParkedReport = Static<typeof ParkedReport>;

/** Output of `zameni parked redrive --json` and `zameni parked discard --json`. */
export const OutcomeReport = Type.Object(
  { isDryRun: Type.Boolean(), subjects: Type.Array(SubjectOutcome) },
  { additionalProperties: false, title: 'OutcomeReport' },
);
export type OutcomeReport = Static<typeof OutcomeReport>;
