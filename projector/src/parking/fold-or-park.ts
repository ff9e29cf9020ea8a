import type { ProjectedRecord } from '../read-models/record.ts';
import { type RowChanges, toRowChanges } from '../read-models/row-changes.ts';
import type { Parking, ParkReason } from './changes.ts';
import { isErasure, placeOf } from './place.ts';

/** Records that can be folded, in log order, and their changes. */
export type Folded = {
  readonly records: readonly ProjectedRecord[];
  readonly changes: RowChanges;
};

/** Folds records. A parameter, because tests plant faults. */
export type Fold = (records: readonly ProjectedRecord[]) => RowChanges;

/** Groups records by their subject. */
export function bySubject(
  records: readonly ProjectedRecord[],
): ReadonlyMap<string, readonly ProjectedRecord[]> {
  return Map.groupBy(records, (record) => placeOf(record).subject);
}

/**
 * Folds the records of a batch. If the fold throws, each subject is folded alone, and one that
 * throws is parked from its record on. Throws if no single subject is at fault.
 */
export function foldOrPark(
  records: readonly ProjectedRecord[],
  parking: Parking,
  fold: Fold = toRowChanges,
): Folded {
  try {
    return { records, changes: fold(records) };
  } catch {
    const kept = new Set(
      [...bySubject(records).values()].flatMap((group) => keepFoldable(group, parking, fold)),
    );
    const left = records.filter((record) => kept.has(record));
    return { records: left, changes: fold(left) };
  }
}

function keepFoldable(
  group: readonly ProjectedRecord[],
  parking: Parking,
  fold: Fold,
): readonly ProjectedRecord[] {
  const kept: ProjectedRecord[] = [];
  return keepUnless(group, parking, 'fold-failed', (record) => {
    try {
      fold([...kept, record]);
      kept.push(record);
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * Parks a subject at its first record that is at fault, and keeps the records before it. A park at
 * a later record of the batch moves back. After an erasure nothing of the person waits.
 */
export function keepUnless(
  group: readonly ProjectedRecord[],
  parking: Parking,
  reason: ParkReason,
  isAtFault: (record: ProjectedRecord) => boolean,
  detail?: string,
): readonly ProjectedRecord[] {
  return group.filter((record) => {
    const place = placeOf(record);
    if (isErasure(record)) parking.unpark(place.subject);
    if (parking.holds(place)) parking.wait(place);
    else if (isAtFault(record)) parking.park(place, reason, detail);
    else return true;
    return false;
  });
}
