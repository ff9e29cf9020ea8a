import { encodeUserView, subjects } from '@zameni/contracts';
import type { ParkingChanges } from '../parking/changes.ts';
import type { RowChanges } from '../read-models/row-changes.ts';
import { toUserView, type UserRow } from '../read-models/users/rows.ts';
import type { ViewChange } from './writer.ts';

/**
 * The cached views that a batch changes, as the query API answers them. Views of people come from
 * their committed rows, because a patch is not the whole row. A deleted row leaves `erased` or
 * `absent`, so no older answer of a database comes back. A parked account leaves `parked`: its entry
 * would otherwise seem to cover the records that wait. The status of a registration is not
 * cached.
 */
export function toViewChanges(
  rows: readonly UserRow[],
  { removals, parks = [] }: Pick<RowChanges, 'removals'> & Partial<ParkingChanges>,
): ViewChange[] {
  return [
    ...rows.map((row): ViewChange => {
      const view = { version: row.version, body: encodeUserView(toUserView(row)) };
      return { kind: 'user', id: row.userId, position: row.position, view };
    }),
    ...removals.map(
      ({ userId, position, left }): ViewChange => ({
        kind: 'user',
        id: userId,
        position,
        view: left,
      }),
    ),
    ...parks.flatMap(({ subject, position }): ViewChange[] => {
      if (!subject.startsWith(ACCOUNT)) return [];
      return [{ kind: 'user', id: subject.slice(ACCOUNT.length), position, view: 'parked' }];
    }),
  ];
}

const ACCOUNT = subjects.account('');
