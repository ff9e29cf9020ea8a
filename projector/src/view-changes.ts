import { encodeUserView } from '@zameni/contracts';
import type { ViewChange } from '@zameni/runtime';
import type { RowChanges } from './row-changes.ts';
import type { UserRow } from './users-projection.ts';

/**
 * The cached views that changed with a batch, as the query API answers them: of people from their
 * committed rows, because a change alone does not know the whole. Whose row went leaves a tombstone,
 * so that no older answer of a database can come back.
 */
export function toViewChanges(
  rows: readonly UserRow[],
  { removals, registrations }: Pick<RowChanges, 'removals' | 'registrations'>,
): ViewChange[] {
  return [
    ...rows
      .filter(({ standing }) => standing === 'held')
      .map(({ view, position }): ViewChange => {
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
    ...registrations.map(
      ({ registrationId, position, outcome }): ViewChange => ({
        kind: 'registration',
        id: registrationId,
        position,
        // Nobody asks for a version of an outcome.
        view: { version: 1, body: JSON.stringify(outcome) },
      }),
    ),
  ];
}
