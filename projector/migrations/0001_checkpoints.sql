-- The progress of each version of each projection, and the process that may advance it. `position`
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
values ('accounts', 1), ('eraser', 1), ('rewrapper', 1), ('reclaimer', 1);

-- Read models of version 1 of the projection `accounts`. A rebuild fills the schema of the next
-- version beside the one that serves. Every row can be made from the log. In each table `position`
-- is the position of the last record that the row holds.
create schema accounts_v1;

-- The query API reads every read model. The command API reads progress, never a person.
do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema zameni, accounts_v1 to zameni_query;
    grant select on zameni.checkpoints to zameni_query;
    alter default privileges in schema accounts_v1 grant select on tables to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant usage on schema zameni to zameni_command;
    grant select on zameni.checkpoints to zameni_command;
  end if;
end
$$;
