-- The progress of each version of the read models, and the process that may advance it. `position`
-- is compared and set together with the rows of a batch. `holder` and `lease_until` choose the
-- active process, by the clock of this database. Eraser, rewrapper, reclaimer and auditor use the
-- lease only: the log says what is left for them to do.
--
-- anchors: some of the last records that were applied, each with `position` and `time`, which the log
-- gave it. A log that has another record there, or ends before it, has another history.
-- is_of_other_log: that was found. Until the log of these rows is back, they cover no position.
-- TypeScript: projector/src/anchors/.
create table zameni.checkpoints (
  projection text not null,
  version integer not null,
  position bigint not null default 0,
  holder text,
  lease_until timestamptz not null default '-infinity',
  anchors jsonb not null default '[]',
  is_of_other_log boolean not null default false,
  primary key (projection, version)
);

insert into zameni.checkpoints (projection, version)
values ('eraser', 1), ('rewrapper', 1), ('reclaimer', 1), ('auditor', 1);

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
