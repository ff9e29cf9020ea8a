import type { Pool } from '@zameni/runtime';
import type { CheckpointOwner } from './checkpoint.ts';
import type { RowBatch } from './projection-store.ts';

/**
 * Applies a batch in one statement, so in one round trip and one implicit transaction: a process
 * that freezes holds no lock. The checkpoint is compared and set first; when it is not where and
 * whose it was, nothing else happens. Rows only grow newer, so applying twice changes nothing.
 */
export async function applyRows(
  pool: Pool,
  owner: CheckpointOwner,
  { from, to, changes }: RowBatch,
): Promise<boolean> {
  const { users, addressOwners, registrations } = changes;
  const { rows } = await pool.query<{ moved: number }>(APPLY, [
    owner.projection,
    owner.version,
    owner.holder,
    owner.leaseMs,
    from,
    to,
    users.map(({ view }) => view.userId),
    users.map(({ view }) => view.email),
    users.map(({ view }) => view.emailVerified),
    users.map(({ view }) => view.displayName),
    users.map(({ view }) => view.locale),
    users.map(({ view }) => view.termsVersion),
    users.map(({ view }) => JSON.stringify(view.profile)),
    users.map(({ view }) => view.status),
    users.map(({ view }) => view.registeredAt),
    users.map(({ view }) => view.version),
    users.map((row) => row.position),
    addressOwners.map((row) => row.k),
    addressOwners.map((row) => row.userId),
    addressOwners.map((row) => row.position),
    registrations.map((row) => row.registrationId),
    registrations.map((row) => row.outcome.result),
    registrations.map((row) => (row.outcome.result === 'refused' ? row.outcome.reason : null)),
    registrations.map((row) => row.position),
  ]);
  return rows[0]?.moved === 1;
}

const APPLY = `
with moved as (
  update zameni.checkpoints
  set position = $6, lease_until = now() + $4 * interval '1 millisecond'
  where projection = $1 and version = $2 and holder = $3 and position = $5
  returning 1
), applied_users as (
  insert into accounts_v1.users (
    user_id, email, email_verified, display_name, locale, terms_version, profile, status,
    registered_at, version, position
  )
  select * from unnest(
    $7::uuid[], $8::text[], $9::boolean[], $10::text[], $11::text[], $12::text[], $13::jsonb[],
    $14::text[], $15::timestamptz[], $16::integer[], $17::bigint[]
  )
  where exists (select from moved)
  on conflict (user_id) do update set
    email = excluded.email, email_verified = excluded.email_verified,
    display_name = excluded.display_name, locale = excluded.locale,
    terms_version = excluded.terms_version, profile = excluded.profile, status = excluded.status,
    registered_at = excluded.registered_at, version = excluded.version, position = excluded.position
  where users.position < excluded.position
), applied_owners as (
  insert into accounts_v1.address_owner (k, user_id, position)
  select * from unnest($18::text[], $19::uuid[], $20::bigint[])
  where exists (select from moved)
  on conflict (k) do update set user_id = excluded.user_id, position = excluded.position
  where address_owner.position < excluded.position
), applied_registrations as (
  insert into accounts_v1.registrations (registration_id, result, reason, position)
  select * from unnest($21::uuid[], $22::text[], $23::text[], $24::bigint[])
  where exists (select from moved)
  on conflict (registration_id) do update set
    result = excluded.result, reason = excluded.reason, position = excluded.position
  where registrations.position < excluded.position
)
select count(*)::integer as moved from moved`;
