-- The one statement that applies a batch of the projection `accounts`, as a function: PgBouncer keeps
-- no prepared statements, and to plan this one costs more than to run it for a small batch. plpgsql
-- keeps the plan as long as the connection to the server lives.
--
-- The checkpoint is compared and set first; when it is not where and whose it was, every other step
-- finds `moved` empty. All steps see the tables as they were before the statement, and no step touches
-- a row that another one touches: a person is either patched or removed, an address is either taken
-- over or given up. Rows only grow newer, so applying twice changes nothing, and who was erased gets
-- no row again.
--
-- It answers the rows that were there and changed; a row that begins is known to whoever sent it, and
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
  -- Patches.
  user_ids uuid[], emails text[], claims text[], emails_verified boolean[], display_names text[],
  locales text[], terms_versions text[], profiles jsonb[], statuses text[], standings text[],
  registered_ats timestamptz[], versions integer[], positions bigint[], owned_ats bigint[],
  -- Removals.
  removed_ids uuid[], removed_positions bigint[],
  -- Registrations.
  registration_ids uuid[], results text[], reasons text[], registration_positions bigint[],
  -- Erasures.
  erased_ids uuid[], erased_positions bigint[], erasures_requested_at timestamptz[],
  erasures_requested_by text[]
) returns table (
  skipped uuid[], "userId" uuid, email text, "emailVerified" boolean, "displayName" text,
  locale text, "termsVersion" text, profile jsonb, status text, "registeredAt" timestamptz,
  version integer, standing text, claim text, "position" bigint
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
), patches as (
  select * from unnest(
    user_ids, emails, claims, emails_verified, display_names, locales, terms_versions, profiles,
    statuses, standings, registered_ats, versions, positions, owned_ats
  ) as patch (
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    standing, registered_at, version, position, owned_at
  )
  where exists (select from moved)
), removals as (
  select * from unnest(removed_ids, removed_positions) as removal (user_id, position)
  where exists (select from moved)
), merged as materialized (
  select
    p.user_id, coalesce(p.email, u.email) as email, coalesce(p.claim, u.claim) as claim,
    coalesce(p.email_verified, u.email_verified) as email_verified,
    coalesce(p.display_name, u.display_name) as display_name,
    coalesce(p.locale, u.locale) as locale,
    coalesce(p.terms_version, u.terms_version) as terms_version,
    coalesce(p.profile, u.profile) as profile, coalesce(p.status, u.status) as status,
    coalesce(p.standing, u.standing) as standing,
    coalesce(p.registered_at, u.registered_at) as registered_at,
    p.version, p.position, p.owned_at, u.user_id is not null as had_row
  from patches p
  left join lateral (
    select * from accounts_v1.users stored where stored.user_id = p.user_id limit 1
  ) u on true
  where u.position < p.position
    or (
      u.user_id is null and p.registered_at is not null
      and (select e.user_id from zameni.erasures e where e.user_id = p.user_id) is null
    )
), written as (
  insert into accounts_v1.users as stored (
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    standing, registered_at, version, position
  )
  select
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    standing, registered_at, version, position
  from merged
  on conflict (user_id) do update set
    email = excluded.email, claim = excluded.claim, email_verified = excluded.email_verified,
    display_name = excluded.display_name, locale = excluded.locale,
    terms_version = excluded.terms_version, profile = excluded.profile, status = excluded.status,
    standing = excluded.standing, registered_at = excluded.registered_at,
    version = excluded.version, position = excluded.position
  where stored.position < excluded.position
), removed as (
  delete from accounts_v1.users
  where user_id = any(array(
    select u.user_id
    from removals r
    cross join lateral (
      select stored.user_id from accounts_v1.users stored
      where stored.user_id = r.user_id and stored.position < r.position limit 1
    ) u
  ))
), taken as (
  select distinct on (claim) claim as k, user_id, owned_at as position
  from merged
  where owned_at is not null and claim is not null
  order by claim, owned_at desc
), applied_owners as (
  insert into accounts_v1.address_owner as stored (k, user_id, position)
  select k, user_id, position from taken
  on conflict (k) do update set user_id = excluded.user_id, position = excluded.position
  where stored.position < excluded.position
), given_up as (
  delete from accounts_v1.address_owner
  where k = any(array(
    select o.k
    from (
      select user_id, position from removals
      union all
      select user_id, owned_at from merged where had_row and owned_at is not null
    ) g
    cross join lateral (
      select stored.k from accounts_v1.address_owner stored
      where stored.user_id = g.user_id and stored.position < g.position offset 0
    ) o
    where o.k not in (select k from taken)
  ))
), applied_registrations as (
  insert into accounts_v1.registrations as stored (registration_id, result, reason, position)
  select * from unnest(registration_ids, results, reasons, registration_positions)
  where exists (select from moved)
  on conflict (registration_id) do update set
    result = excluded.result, reason = excluded.reason, position = excluded.position
  where stored.position < excluded.position
), applied_erasures as (
  insert into zameni.erasures as stored (
    user_id, position, requested_at, requested_by, read_model_at
  )
  select e.user_id, e.position, e.requested_at, e.requested_by, now()
  from unnest(erased_ids, erased_positions, erasures_requested_at, erasures_requested_by)
    as e (user_id, position, requested_at, requested_by)
  where exists (select from moved)
  on conflict (user_id) do update set
    requested_at = excluded.requested_at, requested_by = excluded.requested_by,
    read_model_at = excluded.read_model_at
  where stored.read_model_at is null
)
select
  (
    select array_agg(p.user_id) from patches p
    where p.registered_at is not null and p.user_id not in (select user_id from merged)
  ) as skipped,
  w.user_id as "userId", w.email, w.email_verified as "emailVerified",
  w.display_name as "displayName", w.locale, w.terms_version as "termsVersion", w.profile,
  w.status, w.registered_at as "registeredAt", w.version, w.standing, w.claim, w.position
from moved
left join merged w on w.had_row;
end
$$;

revoke all on function accounts_v1.apply from public;
