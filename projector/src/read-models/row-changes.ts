import { foldAttempts } from './attempts/fold.ts';
import { foldErasures } from './erasures/fold.ts';
import type { ProjectedRecord } from './record.ts';
import { foldRegistrationCounts } from './registration-stats/fold.ts';
import { foldUsers } from './users/fold.ts';

/** Rows that a batch of records changes, in sets: the SQL function `apply` reads them by name. */
export type RowChanges = ReturnType<typeof toRowChanges>;

/**
 * Folds records in log order into the changes of each read model. A set names each row once,
 * because one statement may not touch a row twice.
 */
export function toRowChanges(records: readonly ProjectedRecord[]) {
  return {
    ...foldUsers(records),
    attempts: foldAttempts(records),
    erasures: foldErasures(records),
    counts: foldRegistrationCounts(records),
  };
}
