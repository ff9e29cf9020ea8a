/**
 * What a batch adds to a row of `registration_stats`: the steps of registrations in one
 * minute (UTC) and one locale. The counts name nobody, so they outlive an erasure.
 */
export type RegistrationCounts = {
  readonly minute: string;
  /** Language, script and region only. */
  readonly locale: string;
  readonly accepted: number;
  readonly registered: number;
  readonly verified: number;
};
