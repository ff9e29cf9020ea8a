import { encodeUserView } from '@zameni/contracts';
import type { RowChanges } from '../read-models/row-changes.ts';
import type { UserRow } from '../read-models/users-projection.ts';
import type { ViewChange } from './writer.ts';

/**
 * The cached views that changed with a batch, as the query API answers them: of people from their
 * committed rows, because a change alone does not know the whole. A row that went leaves a tombstone,
 * so that no older answer of a database can come back. How a registration stands is not cached.
 */
export function toViewChanges(
  rows: readonly UserRow[],
  { removals }: Pick<RowChanges, 'removals'>,
): ViewChange[] {
  return [
    ...rows.map(({ view, position }): ViewChange => {
      const content = { version: view.version, body: encodeUserView(view) };
      return { kind: 'user', id: view.userId, position, view: content };
    }),
    ...removals.map(
      ({ userId, position, left }): ViewChange => ({
        kind: 'user',
        id: userId,
        position,
        view: left,
      }),
    ),
  ];
}
