-- The progress of each version of the read models, and the process that may advance it. `position`
-- is compared and set together with the rows of a batch. `holder` and `lease_until` choose the
-- active process, by the clock of this database. Eraser, rewrapper and reclaimer use the lease
-- only: the log says what is left for them to do.
create table zameni.checkpoints (
  projection text not null,
  version integer not null,
  position bigint not null default 0,
  holder text,
  lease_until timestamptz not null default '-infinity',
  primary key (projection, version)
);

insert into zameni.checkpoints (projection, version)
values ('eraser', 1), ('rewrapper', 1), ('reclaimer', 1);

-- The number of attempts that await proof. The command API accepts no more attempts above a limit.
-- The active projector writes this one row every few seconds.
create table zameni.room (
  live_attempts bigint not null,
  counted_at timestamptz not null
);

create unique index room_has_one_row on zameni.room ((true));

insert into zameni.room (live_attempts, counted_at) values (0, now());

-- The command API reads progress, never a person.
do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema zameni to zameni_query;
    grant select on zameni.checkpoints to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant usage on schema zameni to zameni_command;
    grant select on zameni.room to zameni_command;
  end if;
end
$$;
