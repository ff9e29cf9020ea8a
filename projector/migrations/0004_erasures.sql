-- The read model `erasures`: who was erased, and when each store had erased them.
-- TypeScript: projector/src/read-models/erasures/.
--
-- The table outlives every version of the projection: no rebuild makes an erased person readable
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

-- Records erasures, and that the rows of these people are gone from the read models.
create function accounts_v1.apply_erasures(erasures jsonb) returns void
language plpgsql
as $$
#variable_conflict use_column
begin
insert into zameni.erasures as stored (
  user_id, position, requested_at, requested_by, read_model_at
)
select e.user_id, e.position, e.requested_at, e.requested_by, now()
from jsonb_populate_recordset(null::zameni.erasures, apply_erasures.erasures) as e
on conflict (user_id) do update set
  requested_at = excluded.requested_at, requested_by = excluded.requested_by,
  read_model_at = excluded.read_model_at
where stored.read_model_at is null;
end
$$;

revoke all on function accounts_v1.apply_erasures from public;
