import {
  type AttemptRow,
  eraseAccount,
  type ProjectedAttempt,
  toAttemptRow,
} from './attempts-projection.ts';
import { type ErasureRow, toErasureRow } from './erasures-projection.ts';
import type { ProjectedEvent } from './projected-event.ts';
import type { ProjectedRecord } from './projected-record.ts';
import {
  evolveUser,
  type UserChange,
  type UserPatch,
  type UserRemoval,
} from './users-projection.ts';

/** What a batch of records changes, each key once. */
export type RowChanges = {
  readonly patches: readonly UserPatch[];
  readonly removals: readonly UserRemoval[];
  readonly attempts: readonly AttemptRow[];
  readonly erasures: readonly ErasureRow[];
};

/**
 * The changes that records in log order make; one statement may not touch a row twice. Erasures act
 * on the attempts of the same batch here, and on those of earlier batches where the rows are.
 */
export function toRowChanges(records: readonly ProjectedRecord[]): RowChanges {
  const users = new Map<string, UserChange>();
  const attempts = new Map<string, AttemptRow>();
  const erasures = new Map<string, ErasureRow>();

  for (const record of records) {
    switch (record.kind) {
      case 'event':
        takeEvent(record.event);
        break;
      case 'attempt':
        takeAttempt(record.attempt);
        break;
      default:
        record satisfies never;
    }
  }

  function takeAttempt(attempt: ProjectedAttempt): void {
    const { attemptId } = attempt;
    attempts.set(attemptId, toAttemptRow(attempt, attempts.get(attemptId)));
  }

  function takeEvent(event: ProjectedEvent): void {
    const { userId } = event.metadata;
    const change = evolveUser(users.get(userId), event);
    if (change !== undefined) users.set(userId, change);
    const erasure = toErasureRow(event);
    if (erasure === undefined) return;
    erasures.set(userId, erasure);
    for (const [id, row] of attempts) attempts.set(id, eraseAccount(row, userId));
  }

  return {
    patches: [...users.values()].flatMap((change) => ('left' in change ? [] : [change])),
    removals: [...users.values()].flatMap((change) => ('left' in change ? [change] : [])),
    attempts: [...attempts.values()],
    erasures: [...erasures.values()],
  };
}
