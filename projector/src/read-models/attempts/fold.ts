import type { AttemptRecord } from '@zameni/contracts';
import type { ProjectedAttempt, ProjectedRecord } from '../record.ts';
import type { AttemptRow } from './rows.ts';

/**
 * Folds the records of a batch into rows of attempts. An erasure acts on the attempts of the same
 * batch here, and on those of earlier batches in SQL.
 */
export function foldAttempts(records: readonly ProjectedRecord[]): AttemptRow[] {
  const rows = new Map<string, AttemptRow>();
  for (const record of records) {
    if (record.kind === 'attempt') {
      const { attemptId } = record.attempt;
      rows.set(attemptId, toAttemptRow(record.attempt, rows.get(attemptId)));
    } else if (record.event.event.name === 'erased') {
      const { userId } = record.event.metadata;
      for (const [id, row] of rows) rows.set(id, eraseAccount(row, userId));
    }
  }
  return [...rows.values()];
}

/**
 * The row of an attempt after a record of it; only a void row keeps something of the row before.
 */
export function toAttemptRow(
  { attemptId, position, record }: ProjectedAttempt,
  before?: AttemptRow,
): AttemptRow {
  const { expiresAt } = record;
  return keepClaim({ attemptId, position, expiresAt, ...toColumns(record) }, before);
}

/** A void row with the claim of the row before it; any other row as it is. */
export function keepClaim(row: AttemptRow, before: AttemptRow | undefined): AttemptRow {
  return row.state === 'void' ? { ...row, claim: row.claim ?? before?.claim ?? null } : row;
}

/** The row after the erasure of a person. */
export function eraseAccount(row: AttemptRow, userId: string): AttemptRow {
  return row.userId === userId ? { ...row, state: 'gone', userId: null } : row;
}

function toColumns(record: AttemptRecord): Pick<AttemptRow, 'claim' | 'state' | 'userId'> {
  switch (record.state) {
    case 'open':
      return { claim: record.claim, state: 'open', userId: null };
    case 'void':
      return { claim: null, state: 'void', userId: null };
    case 'closed':
      return record.by === 'proof'
        ? { claim: null, state: 'registered', userId: record.userId ?? null }
        : { claim: null, state: 'gone', userId: null };
    default:
      return record satisfies never;
  }
}
