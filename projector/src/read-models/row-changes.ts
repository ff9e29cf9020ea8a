import { READ_MODELS, type ReadModel } from '@zameni/contracts';
import { foldAttempts } from './attempts/fold.ts';
import { foldErasures } from './erasures/fold.ts';
import { positionOf, type ProjectedRecord } from './record.ts';
import { foldRegistrationCounts } from './registration-stats/fold.ts';
import { foldUsers } from './users/fold.ts';

/** Rows that a batch of records changes, in sets: the SQL function `apply` reads them by name. */
export type RowChanges = ReturnType<typeof toRowChanges>;

/**
 * What a version of the read models got as a copy: everything up to a position of the read models
 * that are not selected, and the counts of accepted attempts.
 */
export type Carried = { readonly position: number; readonly selected: ReadonlySet<ReadModel> };

const NOTHING_CARRIED: Carried = { position: 0, selected: new Set(READ_MODELS) };

/**
 * Folds records in log order into the changes of each read model. A set names each row once,
 * because one statement may not touch a row twice. What was carried over is not applied again.
 */
export function toRowChanges(
  records: readonly ProjectedRecord[],
  { position, selected }: Carried = NOTHING_CARRIED,
) {
  const later = records.filter((record) => positionOf(record) > position);
  const recordsFor = (readModel: ReadModel) => (selected.has(readModel) ? records : later);
  return {
    ...foldUsers(recordsFor('users')),
    attempts: foldAttempts(recordsFor('attempts')),
    erasures: foldErasures(records),
    counts: foldRegistrationCounts(recordsFor('registration_stats'), position),
  };
}
