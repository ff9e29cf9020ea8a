import type { RegisteredData, UserView } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from './checkpoint.ts';
import type { RowBatch } from './projection-store.ts';
import { toBegunRow, type UserRow } from './users-projection.ts';

/** A row that was there and changed, every column null when there is none. */
type AppliedRow = Omit<UserView, 'registeredAt'> & {
  readonly registeredAt: Date;
  readonly standing: RegisteredData['standing'];
  readonly claim: string | null;
  readonly position: string;
} & Skipped;

/** People whose row was to begin and did not: there is a newer one, or they were erased. */
type Skipped = { readonly skipped: readonly string[] | null };

type Answer = AppliedRow | (Skipped & { [Name in Exclude<keyof AppliedRow, 'skipped'>]: null });

/** The statement itself is in `projector/migrations/0009_apply_accounts_v1.sql`. */
const APPLY = `
select * from accounts_v1.apply(
  $1, $2, $3, $4, $5, $6,
  $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
  $21, $22,
  $23, $24, $25, $26,
  $27, $28, $29, $30
)`;

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
  const { patches, removals, registrations, erasures } = changes;
  const { rows } = await pool.query<Answer>(APPLY, [
    owner.projection,
    owner.version,
    owner.holder,
    owner.leaseMs,
    from,
    to,
    patches.map((patch) => patch.userId),
    patches.map((patch) => patch.email),
    patches.map((patch) => patch.claim),
    patches.map((patch) => patch.emailVerified),
    patches.map((patch) => patch.displayName),
    patches.map((patch) => patch.locale),
    patches.map((patch) => patch.termsVersion),
    patches.map((patch) => (patch.profile === null ? null : JSON.stringify(patch.profile))),
    patches.map((patch) => patch.status),
    patches.map((patch) => patch.standing),
    patches.map((patch) => patch.registeredAt),
    patches.map((patch) => patch.version),
    patches.map((patch) => patch.position),
    patches.map((patch) => patch.ownedAt),
    removals.map((removal) => removal.userId),
    removals.map((removal) => removal.position),
    registrations.map((row) => row.registrationId),
    registrations.map((row) => row.outcome.result),
    registrations.map((row) => (row.outcome.result === 'refused' ? row.outcome.reason : null)),
    registrations.map((row) => row.position),
    erasures.map((erasure) => erasure.userId),
    erasures.map((erasure) => erasure.position),
    erasures.map((erasure) => erasure.requestedAt),
    erasures.map((erasure) => erasure.requestedBy),
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
  const { standing, claim, position, registeredAt, skipped: _skipped, ...fields } = row;
  const view = { ...fields, registeredAt: registeredAt.toISOString() };
  return { view, standing, claim, position: Number(position) };
}
