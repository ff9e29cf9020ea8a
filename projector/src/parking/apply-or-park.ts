import type { Anchor } from '../anchors/anchor.ts';
import type { ProjectedRecord } from '../read-models/record.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import type { ProjectionStore, RowBatch } from '../read-models/store.ts';
import type { UserRow } from '../read-models/users/rows.ts';
import type { Parking, ParkingChanges, ParkReason } from './changes.ts';
import { bySubject, type Fold, foldOrPark, keepUnless } from './fold-or-park.ts';

/** A batch: records that were read, and the checkpoint before and after it. */
export type Batch = {
  readonly from: number;
  readonly to: number;
  readonly records: readonly ProjectedRecord[];
  readonly parking: Parking;
  /** The anchors of the checkpoint after it. Left out if they stay. */
  readonly anchors?: readonly Anchor[];
  /** Throws if the batch would park too many subjects. */
  readonly assertRoom?: (changes: ParkingChanges) => void;
};

/** What was applied. */
export type Applied = {
  readonly rows: readonly UserRow[];
  readonly changes: RowBatch['changes'];
  readonly parking: ParkingChanges;
};

/** Subjects whose rows Postgres refuses for a reason of the data, and the SQLSTATE. */
type Offender = { readonly group: readonly ProjectedRecord[]; readonly sqlState: string };

/**
 * Folds and applies a batch together with what it changes of the parked subjects. A subject whose
 * records cannot be folded or applied is parked, and everything else is applied. Returns undefined
 * if the checkpoint was not ours to move. Throws for every other fault.
 */
export async function applyOrPark(
  store: Pick<ProjectionStore, 'apply' | 'findRejection'>,
  batch: Batch,
  fold: Fold = toRowChanges,
): Promise<Applied | undefined> {
  const { from, to, parking, anchors = [] } = batch;
  let { records, changes } = foldOrPark(batch.records, parking, fold);
  for (;;) {
    const all = parking.changes();
    batch.assertRoom?.(all);
    try {
      const rows = await store.apply({ from, to, changes, parking: all, anchors });
      return rows && { rows, changes, parking: all };
    } catch (error) {
      const rejects = (some: readonly ProjectedRecord[]) =>
        store.findRejection({ from, to, changes: fold(some) });
      const groups = [...bySubject(records).values()];
      const offenders = isRejection(error) ? await findOffenders(groups, rejects) : [];
      // No subject alone is at fault.
      if (offenders.length === 0) throw error;
      const kept = new Set(records);
      for (const { group, sqlState } of offenders) {
        const first = await findFirstRejected(group, rejects);
        for (const record of group) kept.delete(record);
        const isAtFault = (record: ProjectedRecord) => record === first;
        const why = toReason(sqlState);
        for (const record of keepUnless(group, parking, why, isAtFault, sqlState)) kept.add(record);
      }
      records = records.filter((record) => kept.has(record));
      changes = fold(records);
    }
  }
}

/** The SQLSTATE of `apply_users` for an account with a gap between its versions. */
const VERSION_GAP = '23Z01';

function toReason(sqlState: string): ParkReason {
  return sqlState === VERSION_GAP ? 'version-gap' : 'rejected';
}

type Rejects = (records: readonly ProjectedRecord[]) => Promise<string | undefined>;

/** Finds the record with which a group is first rejected. */
async function findFirstRejected(
  group: readonly ProjectedRecord[],
  rejects: Rejects,
): Promise<ProjectedRecord | undefined> {
  for (const [index, record] of group.entries()) {
    if ((await rejects(group.slice(0, index + 1))) !== undefined) return record;
  }
  return group.at(-1);
}

/** Finds the groups that are rejected alone, by halves. */
async function findOffenders(
  groups: readonly (readonly ProjectedRecord[])[],
  rejects: Rejects,
): Promise<readonly Offender[]> {
  const sqlState = await rejects(groups.flat());
  if (sqlState === undefined) return [];
  const [group] = groups;
  if (group !== undefined && groups.length === 1) return [{ group, sqlState }];
  const half = Math.ceil(groups.length / 2);
  return [
    ...(await findOffenders(groups.slice(0, half), rejects)),
    ...(await findOffenders(groups.slice(half), rejects)),
  ];
}

/**
 * Whether Postgres refuses the data itself: data exceptions and integrity violations (SQLSTATE
 * classes 22 and 23). Every other class is a fault of connection, resources, locks or schema.
 */
export function isRejection(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && /^2[23]\w{3}$/.test(String(error.code));
}
