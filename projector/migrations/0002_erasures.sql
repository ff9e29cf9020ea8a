-- The read model `erasures`: who was erased, and when each store had erased them.
-- TypeScript: projector/src/read-models/erasures/.
--
-- The table outlives every version of the read models: no rebuild makes an erased person readable
-- again. The projector's eraser and the cache write their own columns. log_servers_behind: servers
-- of the log that were away when key and claim were deleted, and may keep the bytes. The erasure is
-- not done until each of them is purged.
create table zameni.erasures (
  user_id uuid primary key,
  position bigint not null,
  requested_at timestamptz not null,
  requested_by text,
  read_model_at timestamptz,
  cache_at timestamptz,
  key_at timestamptz,
  claims_at timestamptz,
  log_servers_behind text[] not null default '{}'
);

create index erasures_not_in_cache on zameni.erasures (position) where cache_at is null;
create index erasures_not_in_log on zameni.erasures (position) where claims_at is null;

-- What metrics count again and again.
create index erasures_under_way on zameni.erasures (requested_at)
where read_model_at is null or cache_at is null or key_at is null or claims_at is null
  or log_servers_behind <> '{}';

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant select on zameni.erasures to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant select on zameni.erasures to zameni_command;
  end if;
end
$$;

-- Records erasures that a version of the read models has applied, and erases these people from all
-- other versions at once: no version that is behind, or that nobody follows, keeps them. A batch
-- that would write one of them later sees zameni.erasures. The caller has locked the checkpoints of
-- all versions, so no such batch is under way. A writer of several rows here does it in the order
-- of user_id, so that no deadlock is possible.
create function zameni.apply_erasures(of_version integer, erasures jsonb) returns void
language plpgsql
as $$
#variable_conflict use_column
declare
  other integer;
begin
  insert into zameni.erasures as stored (
    user_id, position, requested_at, requested_by, read_model_at
  )
  select e.user_id, e.position, e.requested_at, e.requested_by, now()
  from jsonb_populate_recordset(null::zameni.erasures, apply_erasures.erasures) as e
  order by e.user_id
  on conflict (user_id) do update set
    requested_at = excluded.requested_at, requested_by = excluded.requested_by,
    read_model_at = excluded.read_model_at
  where stored.read_model_at is null;
  -- The lock keeps a version from being deleted meanwhile.
  for other in
    select version from zameni.read_models where version <> of_version order by version for key share
  loop
    execute format('select accounts_v%s.erase_people($1)', other) using apply_erasures.erasures;
  end loop;
end
$$;

revoke all on function zameni.apply_erasures from public;
