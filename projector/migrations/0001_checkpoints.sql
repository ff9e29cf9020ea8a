-- How far each version of each projection has come, and which process may take it further.
-- position is compared and set together with the rows of a batch; holder and lease_until choose
-- the active process, by the clock of this database.
create table zameni.checkpoints (
  projection text not null,
  version integer not null,
  position bigint not null default 0,
  holder text,
  lease_until timestamptz not null default '-infinity',
  primary key (projection, version)
);

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema zameni to zameni_query;
    grant select on zameni.checkpoints to zameni_query;
  end if;
end
$$;
