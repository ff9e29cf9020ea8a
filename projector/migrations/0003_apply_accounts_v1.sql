-- The one statement that applies a batch of the projection `accounts`, as a function: PgBouncer keeps
-- no prepared statements, and to plan this one costs more than to run it for a small batch. plpgsql
-- keeps the plan as long as the connection to the server lives.
--
-- The checkpoint is compared and set first; when it is not where and whose it was, every other step
-- finds `moved` empty. All steps see the tables as they were before the statement, and no step touches
-- a row that another one touches: a person is either patched or removed, an address is either taken
-- over or given up, an attempt is either written or gone. Rows only grow newer, so applying twice
-- changes nothing, and an erased person gets no row again.
--
-- It answers the rows that were there and changed; a row that begins is known to the sender, and
-- sending it back costs as much as a third of the batch. So of those only the ones that were not
-- written are told, as "skipped".
--
-- Tables are looked up row by row (`limit 1`, `offset 0`, arrays): a join would be planned as a scan
-- of a whole table as soon as that looks cheaper than 500 look-ups, which it never is. A kept plan
-- needs more: one made while a table was small would scan it at every look-up until the next
-- `analyze`, some 150 times slower at 100,000 people. So sequential scans are off here.
create function accounts_v1.apply(
  of_projection text, of_version integer, of_holder text, lease_ms double precision,
  from_position bigint, to_position bigint,
  patches jsonb, removals jsonb, attempts jsonb, erasures jsonb
) returns table (
  skipped uuid[], "userId" uuid, email text, "emailVerified" boolean, "displayName" text,
  locale text, "termsVersion" text, profile jsonb, status text, "registeredAt" timestamptz,
  version integer, claim text, "position" bigint
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
return query
with moved as (
  update zameni.checkpoints
  set position = to_position, lease_until = now() + lease_ms * interval '1 millisecond'
  where projection = of_projection and version = of_version and holder = of_holder
    and position = from_position
  returning 1
), patched as (
  select p.* from jsonb_to_recordset(apply.patches) as p (
    "userId" uuid, email text, claim text, "emailVerified" boolean, "displayName" text,
    locale text, "termsVersion" text, profile jsonb, status text, "registeredAt" timestamptz,
    version integer, position bigint, "ownedAt" bigint, "releasedAt" bigint
  )
  where exists (select from moved)
), removed as (
  select r."userId", r.position
  from jsonb_to_recordset(apply.removals) as r ("userId" uuid, position bigint)
  where exists (select from moved)
), erased as (
  select e.* from jsonb_to_recordset(apply.erasures) as e (
    "userId" uuid, position bigint, "requestedAt" timestamptz, "requestedBy" text
  )
  where exists (select from moved)
), merged as materialized (
  select
    p."userId" as user_id, coalesce(p.email, u.email) as email, coalesce(p.claim, u.claim) as claim,
    coalesce(p."emailVerified", u.email_verified) as email_verified,
    coalesce(p."displayName", u.display_name) as display_name,
    coalesce(p.locale, u.locale) as locale,
    coalesce(p."termsVersion", u.terms_version) as terms_version,
    coalesce(p.profile, u.profile) as profile, coalesce(p.status, u.status) as status,
    coalesce(p."registeredAt", u.registered_at) as registered_at,
    p.version, p.position, p."ownedAt" as owned_at,
    coalesce(p."ownedAt", p."releasedAt") as gave_up_at, u.user_id is not null as had_row
  from patched p
  left join lateral (
    select * from accounts_v1.users stored where stored.user_id = p."userId" limit 1
  ) u on true
  where u.position < p.position
    or (
      u.user_id is null and p."registeredAt" is not null
      and (select e.user_id from zameni.erasures e where e.user_id = p."userId") is null
    )
), written_users as (
  insert into accounts_v1.users as stored (
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    registered_at, version, position
  )
  select
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    registered_at, version, position
  from merged
  on conflict (user_id) do update set
    email = excluded.email, claim = excluded.claim, email_verified = excluded.email_verified,
    display_name = excluded.display_name, locale = excluded.locale,
    terms_version = excluded.terms_version, profile = excluded.profile, status = excluded.status,
    registered_at = excluded.registered_at, version = excluded.version, position = excluded.position
  where stored.position < excluded.position
), removed_users as (
  delete from accounts_v1.users
  where user_id = any(array(
    select u.user_id
    from removed r
    cross join lateral (
      select stored.user_id from accounts_v1.users stored
      where stored.user_id = r."userId" and stored.position < r.position limit 1
    ) u
  ))
), taken as (
  select distinct on (claim) claim as k, user_id, owned_at as position
  from merged
  where owned_at is not null
  order by claim, owned_at desc
), written_owners as (
  insert into accounts_v1.address_owner as stored (k, user_id, position)
  select k, user_id, position from taken
  on conflict (k) do update set user_id = excluded.user_id, position = excluded.position
  where stored.position < excluded.position
), removed_owners as (
  delete from accounts_v1.address_owner
  where k = any(array(
    select o.k
    from (
      select "userId" as user_id, position from removed
      union all
      select user_id, gave_up_at from merged where had_row and gave_up_at is not null
    ) g
    cross join lateral (
      select stored.k from accounts_v1.address_owner stored
      where stored.user_id = g.user_id and stored.position < g.position offset 0
    ) o
    where o.k not in (select k from taken)
  ))
), newer_attempts as materialized (
  select a.* from jsonb_to_recordset(apply.attempts) as a (
    "attemptId" uuid, claim text, position bigint, "expiresAt" timestamptz, state text, "userId" uuid
  )
  left join lateral (
    select stored.position from accounts_v1.attempts stored
    where stored.attempt_id = a."attemptId" limit 1
  ) s on true
  where exists (select from moved) and (s.position is null or s.position < a.position)
), written_attempts as (
  insert into accounts_v1.attempts as stored (
    attempt_id, claim, position, expires_at, state, user_id
  )
  select "attemptId", claim, position, "expiresAt", state, "userId" from newer_attempts
  on conflict (attempt_id) do update set
    claim = coalesce(excluded.claim, case when excluded.state = 'void' then stored.claim end),
    position = excluded.position, expires_at = excluded.expires_at,
    state = excluded.state, user_id = excluded.user_id
  where stored.position < excluded.position
), gone_attempts as (
  update accounts_v1.attempts set state = 'gone', user_id = null
  where attempt_id = any(array(
    select a.attempt_id
    from erased e
    cross join lateral (
      select stored.attempt_id from accounts_v1.attempts stored
      where stored.user_id = e."userId" and stored.position < e.position offset 0
    ) a
    where a.attempt_id not in (select "attemptId" from newer_attempts)
  ))
), written_erasures as (
  insert into zameni.erasures as stored (
    user_id, position, requested_at, requested_by, read_model_at
  )
  select "userId", position, "requestedAt", "requestedBy", now() from erased
  on conflict (user_id) do update set
    requested_at = excluded.requested_at, requested_by = excluded.requested_by,
    read_model_at = excluded.read_model_at
  where stored.read_model_at is null
)
select
  (
    select array_agg(p."userId") from patched p
    where p."registeredAt" is not null and p."userId" not in (select user_id from merged)
  ) as skipped,
  w.user_id as "userId", w.email, w.email_verified as "emailVerified",
  w.display_name as "displayName", w.locale, w.terms_version as "termsVersion", w.profile,
  w.status, w.registered_at as "registeredAt", w.version, w.claim, w.position
from moved
left join merged w on w.had_row;
end
$$;

revoke all on function accounts_v1.apply from public;
