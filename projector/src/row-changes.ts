import { type ErasureRow, toErasureRow } from './erasures-projection.ts';
import type { ProjectedEvent } from './projected-event.ts';
import { type RegistrationRow, toRegistrationRow } from './registrations-projection.ts';
import {
  evolveUser,
  type UserChange,
  type UserPatch,
  type UserRemoval,
} from './users-projection.ts';

/** What a batch of events changes, each key once. */
export type RowChanges = {
  readonly patches: readonly UserPatch[];
  readonly removals: readonly UserRemoval[];
  readonly registrations: readonly RegistrationRow[];
  readonly erasures: readonly ErasureRow[];
};

/** The changes that events in log order make; one statement may not touch a row twice. */
export function toRowChanges(events: readonly ProjectedEvent[]): RowChanges {
  const users = new Map<string, UserChange>();
  const registrations = new Map<string, RegistrationRow>();
  const erasures = new Map<string, ErasureRow>();
  for (const event of events) {
    const { userId } = event.metadata;
    put(users, userId, evolveUser(users.get(userId), event));
    put(registrations, userId, toRegistrationRow(event));
    put(erasures, userId, toErasureRow(event));
  }
  return {
    patches: [...users.values()].flatMap((change) => ('left' in change ? [] : [change])),
    removals: [...users.values()].flatMap((change) => ('left' in change ? [change] : [])),
    registrations: [...registrations.values()],
    erasures: [...erasures.values()],
  };
}

function put<Row>(rows: Map<string, Row>, key: string, row: Row | undefined): void {
  if (row !== undefined) rows.set(key, row);
}
