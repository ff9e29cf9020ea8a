-- The read model `users`: people, and who owns an address.
-- TypeScript: projector/src/read-models/users/.
create table accounts_vN.users (
  user_id uuid primary key,
  email text not null,
  claim text not null,
  email_verified boolean not null,
  display_name text not null,
  locale text not null,
  terms_version text not null,
  profile jsonb not null,
  status text not null,
  registered_at timestamptz not null,
  version integer not null,
  position bigint not null
);

-- The owner of an address, by its keyed digest `k`; the highest position wins. No constraint spans
-- people, so no event of one person can block the events of another.
create table accounts_vN.address_owner (
  k text primary key,
  user_id uuid not null,
  position bigint not null
);

-- Finds the address that a person gives up: by a change, a disowning or an erasure.
create index address_owner_user_id on accounts_vN.address_owner (user_id);

-- Returns true if `missing` events of a person, or more, were discarded between two positions, and
-- fails otherwise. One that was discarded before excuses that there is no row.
create function accounts_vN.excuse_gap(
  of_user uuid, after bigint, before bigint, missing integer
) returns boolean
language plpgsql
as $$
begin
  if (
    select count(*) from zameni.discarded d
    where d.subject = 'zameni.account.' || of_user and d.position > after and d.position < before
  ) < missing then
    raise exception 'an event of % before % is missing', of_user, before using errcode = '23Z01';
  end if;
  return true;
end
$$;

revoke all on function accounts_vN.excuse_gap from public;

-- Applies the changes of people. A patch is an object of the columns that change; a patch with
-- `registered_at` is a whole row and begins one, the others change a row that exists. `owned_at` is
-- the position at which the address became the person's, `released_at` the one at which they gave
-- it up. `base_version` is the version that the row has at least before the patch. A removal deletes
-- the row of a person.
--
-- A row that has less, or is missing without an erasure, lacks an event that the log did not show. That
-- is refused with SQLSTATE 23Z01, unless an operator has discarded as many records in between.
--
-- Returns each person whose row changed, with the row, and each person whose row was not written,
-- without a row: a newer row exists, or the person was erased. It does not return a row that
-- begins. The caller knows that row, and returning it costs a third of a batch.
create function accounts_vN.apply_users(patches jsonb, removals jsonb)
returns table (person uuid, changed accounts_vN.users)
language plpgsql
as $$
#variable_conflict use_column
begin
return query
with patched as (
  select
    patch, (patch->>'user_id')::uuid as user_id, (patch->>'position')::bigint as position,
    patch ? 'registered_at' as begins, (patch->>'base_version')::integer as base_version,
    (patch->>'owned_at')::bigint as owned_at,
    (patch->>'released_at')::bigint as released_at
  from jsonb_array_elements(apply_users.patches) as patch
), removed as (
  select * from jsonb_to_recordset(apply_users.removals) as r (user_id uuid, position bigint)
), merged as materialized (
  select
    p.user_id, jsonb_populate_record(u.stored, p.patch) as row, p.owned_at,
    coalesce(p.owned_at, p.released_at) as gave_up_at, (u.stored).user_id is not null as had_row
  from patched p
  left join lateral (
    select stored from accounts_vN.users stored where stored.user_id = p.user_id limit 1
  ) u on true
  where case
    when (u.stored).user_id is null
      then (select e.user_id from zameni.erasures e where e.user_id = p.user_id) is null
        and (
          p.base_version = 0
          or accounts_vN.excuse_gap(
            p.user_id, 0, p.position, case when p.begins then p.base_version else 1 end
          )
        )
        and p.begins
    else (u.stored).position < p.position
      and (
        (u.stored).version >= p.base_version
        or accounts_vN.excuse_gap(
          p.user_id, (u.stored).position, p.position, p.base_version - (u.stored).version
        )
      )
  end
), written_users as (
  insert into accounts_vN.users as stored
  select (row).* from merged
  on conflict (user_id) do update set (
    user_id, email, claim, email_verified, display_name, locale, terms_version, profile, status,
    registered_at, version, position
  ) = row (excluded.*)
  where stored.position < excluded.position
), removed_users as (
  delete from accounts_vN.users
  where user_id = any(array(
    select u.user_id
    from removed r
    cross join lateral (
      select stored.user_id from accounts_vN.users stored
      where stored.user_id = r.user_id and stored.position < r.position limit 1
    ) u
  ))
), taken as (
  select distinct on ((row).claim) (row).claim as k, user_id, owned_at as position
  from merged
  where owned_at is not null
  order by (row).claim, owned_at desc
), written_owners as (
  insert into accounts_vN.address_owner as stored (k, user_id, position)
  select k, user_id, position from taken
  on conflict (k) do update set user_id = excluded.user_id, position = excluded.position
  where stored.position < excluded.position
), removed_owners as (
  delete from accounts_vN.address_owner
  where k = any(array(
    select o.k
    from (
      select user_id, position from removed
      union all
      select user_id, gave_up_at from merged where had_row and gave_up_at is not null
    ) g
    cross join lateral (
      select stored.k from accounts_vN.address_owner stored
      where stored.user_id = g.user_id and stored.position < g.position offset 0
    ) o
    where o.k not in (select k from taken)
  ))
)
select p.user_id, m.row
from patched p
left join merged m on m.user_id = p.user_id
where m.user_id is null or m.had_row;
end
$$;

revoke all on function accounts_vN.apply_users from public;
