-- Version 1 of the projection `accounts`. The version is part of the schema's name because a
-- rebuild fills a new schema beside the one that serves. Everything here can be made again from the
-- log. position is the place in the log of the last event a row holds.
create schema accounts_v1;

create table accounts_v1.users (
  user_id uuid primary key,
  email text not null,
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

-- Who owns an address, by its keyed digest; the highest position wins. No constraint spans people,
-- so that no event of one person can stop the events of another.
create table accounts_v1.address_owner (
  k text primary key,
  user_id uuid not null,
  position bigint not null
);

create table accounts_v1.registrations (
  registration_id uuid primary key,
  result text not null,
  reason text,
  position bigint not null
);

insert into zameni.checkpoints (projection, version) values ('accounts', 1);

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema accounts_v1 to zameni_query;
    grant select on all tables in schema accounts_v1 to zameni_query;
  end if;
end
$$;
