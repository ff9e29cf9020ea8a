import { encodeUserView } from '@zameni/contracts';
import type { ViewChange } from '@zameni/runtime';
import type { RowChanges } from './row-changes.ts';

/** The cached views that changed with the rows, as the query API answers them. */
export function toViewChanges({ users, registrations }: RowChanges): ViewChange[] {
  return [
    ...users.map(
      (row): ViewChange => ({
        kind: 'user',
        id: row.view.userId,
        position: row.position,
        version: row.view.version,
        body: encodeUserView(row.view),
      }),
    ),
    ...registrations.map(
      (row): ViewChange => ({
        kind: 'registration',
        id: row.registrationId,
        position: row.position,
        // A registration ends once and never changes.
        version: 1,
        body: JSON.stringify(row.outcome),
      }),
    ),
  ];
}
