-- How far each version of each projection has come, and which process may take it further.
-- position is compared and set together with the rows of a batch; holder and lease_until choose
-- the active process, by the clock of this database. Of eraser, rewrapper and reclaimer only the
-- lease is used: what is left for them to do follows from the log.
create table zameni.checkpoints (
  projection text not null,
  version integer not null,
  position bigint not null default 0,
  holder text,
  lease_until timestamptz not null default '-infinity',
  primary key (projection, version)
);

insert into zameni.checkpoints (projection, version)
values ('accounts', 1), ('eraser', 1), ('rewrapper', 1), ('reclaimer', 1);

-- Who was erased, and when each store had erased them. It outlives every version of the projection:
-- no rebuild makes an erased person readable again. log_servers_behind: servers of the log that were
-- away when key and claim were deleted, and may keep their bytes; until each of them is purged, the
-- erasure is not done.
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

-- How many attempts await proof, for the command API, which takes no more of them beyond a bound.
-- One row, which the active projector writes every few seconds.
create table zameni.room (
  live_attempts bigint not null,
  counted_at timestamptz not null
);

create unique index room_has_one_row on zameni.room ((true));

insert into zameni.room (live_attempts, counted_at) values (0, now());

-- The command API learns how far others have come, and no person.
do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema zameni to zameni_query;
    grant select on zameni.checkpoints, zameni.erasures to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant usage on schema zameni to zameni_command;
    grant select on zameni.checkpoints, zameni.erasures, zameni.room to zameni_command;
  end if;
end
$$;
