-- Version 1 of the projection `accounts`. The version is part of the schema's name because a
-- rebuild fills a new schema beside the one that serves. Everything here can be made again from the
-- log. position is the place in the log of the last record a row holds.
create schema accounts_v1;

create table accounts_v1.users (
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

-- Who owns an address, by its keyed digest; the highest position wins. No constraint spans people,
-- so that no event of one person can stop the events of another.
create table accounts_v1.address_owner (
  k text primary key,
  user_id uuid not null,
  position bigint not null
);

-- To find the address that a person gives up: by a change, by being disowned or by an erasure.
create index address_owner_user_id on accounts_v1.address_owner (user_id);

-- Attempts: `open` awaits proof until expires_at, `void` seems to after an erasure of its address;
-- `registered` was closed by proof and led to user_id, `gone` was closed otherwise. claim, the keyed
-- digest of the address, is kept while proof is possible, and of a void attempt until the eraser has
-- deleted it from the log: it finds the attempts on an address by it. Rows are removed some time after
-- expires_at.
create table accounts_v1.attempts (
  attempt_id uuid primary key,
  claim text,
  position bigint not null,
  expires_at timestamptz not null,
  state text not null check (state in ('open', 'void', 'registered', 'gone')),
  user_id uuid
);

create index attempts_claim on accounts_v1.attempts (claim) where claim is not null;
create index attempts_user_id on accounts_v1.attempts (user_id) where user_id is not null;

-- For the removal of expired rows, and the count of live ones from the index alone. state is only
-- included: as a key it would let a plan made while the table is small look attempts up by it.
create index attempts_expires_at on accounts_v1.attempts (expires_at) include (state);

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema accounts_v1 to zameni_query;
    grant select on all tables in schema accounts_v1 to zameni_query;
  end if;
end
$$;
