import type { ReadModel, ReadModelsVersion } from '@zameni/contracts';

/** A version of the read models, as the projector follows it. A row of `zameni.read_models`. */
export type Version = {
  readonly version: number;
  readonly state: ReadModelsVersion['state'];
  /** Read models that are filled from the log. */
  readonly selected: ReadonlySet<ReadModel>;
  /** Position up to which the others, and some counts, were copied. Null before that. */
  readonly carriedPosition: number | null;
};
