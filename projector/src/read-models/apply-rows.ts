import type { UserView } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from '../lease/checkpoint.ts';
import type { RowBatch } from './projection-store.ts';
import { toBegunRow, type UserRow } from './users-projection.ts';

/** A row that was there and changed, every column null when there is none. */
type AppliedRow = Omit<UserView, 'registeredAt'> & {
  readonly registeredAt: Date;
  readonly claim: string;
  readonly position: string;
} & Skipped;

/** People whose row was to begin and did not: there is a newer one, or they were erased. */
type Skipped = { readonly skipped: readonly string[] | null };

type Answer = AppliedRow | (Skipped & { [Name in Exclude<keyof AppliedRow, 'skipped'>]: null });

/** The statement itself is in `projector/migrations/0003_apply_accounts_v1.sql`. */
const APPLY = 'select * from accounts_v1.apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)';

/**
 * Applies a batch in one statement, so in one round trip and one implicit transaction: a process
 * that freezes holds no lock. Answers the rows of the people it changed as they are then, undefined
 * when the checkpoint was not where and whose it was, and then nothing else happened.
 */
export async function applyRows(
  pool: Pool,
  owner: CheckpointOwner,
  { from, to, changes }: RowBatch,
): Promise<readonly UserRow[] | undefined> {
  const { patches, removals, attempts, erasures } = changes;
  const { rows } = await pool.query<Answer>(APPLY, [
    owner.projection,
    owner.version,
    owner.holder,
    owner.leaseMs,
    from,
    to,
    ...[patches, removals, attempts, erasures].map((set) => JSON.stringify(set)),
  ]);
  const skipped = rows[0]?.skipped;
  if (skipped === undefined) return undefined;
  const changed = rows.flatMap((row) => (row.userId === null ? [] : [toUserRow(row)]));
  const notBegun = new Set([...(skipped ?? []), ...changed.map(({ view }) => view.userId)]);
  const begun = patches.flatMap((patch) =>
    notBegun.has(patch.userId) ? [] : (toBegunRow(patch) ?? []),
  );
  return [...changed, ...begun];
}

function toUserRow(row: AppliedRow): UserRow {
  const { claim, position, registeredAt, skipped: _skipped, ...fields } = row;
  const view = { ...fields, registeredAt: registeredAt.toISOString() };
  return { view, claim, position: Number(position) };
}
