import type { ProjectedEvent } from './projected-event.ts';
import { type RegistrationRow, toRegistrationRow } from './registrations-projection.ts';
import {
  type AddressOwnerRow,
  toAddressOwner,
  toUserRow,
  type UserRow,
} from './users-projection.ts';

/** What a batch of events changes, each key once, with its newest row. */
export type RowChanges = {
  readonly users: readonly UserRow[];
  readonly addressOwners: readonly AddressOwnerRow[];
  readonly registrations: readonly RegistrationRow[];
};

/** The rows that events in log order make; one statement may not touch a row twice. */
export function toRowChanges(events: readonly ProjectedEvent[]): RowChanges {
  return {
    users: newest(events, toUserRow, (row) => row.view.userId),
    addressOwners: newest(events, toAddressOwner, (row) => row.k),
    registrations: newest(events, toRegistrationRow, (row) => row.registrationId),
  };
}

function newest<Row>(
  events: readonly ProjectedEvent[],
  project: (event: ProjectedEvent) => Row | undefined,
  keyOf: (row: Row) => string,
): Row[] {
  const rows = new Map<string, Row>();
  for (const event of events) {
    const row = project(event);
    if (row !== undefined) rows.set(keyOf(row), row);
  }
  return [...rows.values()];
}
