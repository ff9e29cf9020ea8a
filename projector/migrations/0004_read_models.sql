-- The versions of the read models. Each has its tables and functions in a schema of its own,
-- accounts_v1, accounts_v2 and so on, made from projector/read-models/. One is live: readers see it
-- through the views of the schema `accounts`. TypeScript: projector/src/versions/.
--
-- state: `building` (filled from the log, then compared with the live one and switched to),
-- `differs` (compared, and an operator has to accept what differs), `live`, `kept` (was live, and is
-- still followed), `dropped` (not followed, its schema is about to be deleted).
-- selected: the read models that are filled from the log. The others are copied from the live
-- version, up to carried_position. The counts of accepted attempts are always copied, because
-- attempts do not stay in the log. carried_position is null until that is done.
create table zameni.read_models (
  version integer primary key,
  state text not null check (state in ('building', 'differs', 'live', 'kept', 'dropped')),
  selected text[] not null,
  carried_position bigint,
  comparison jsonb,
  accepted_reason text,
  accepted_by text,
  started_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);

-- The number of the next version. None is used twice: ETags and cache keys name it.
create sequence zameni.read_models_version as integer start 2;

create unique index read_models_one_is_live on zameni.read_models (state) where state = 'live';

-- One rebuild at a time.
create unique index read_models_one_is_built on zameni.read_models ((true))
where state in ('building', 'differs');

-- Readers name accounts.checkpoint first in each statement, so that a switch locks them out in one
-- order and no deadlock is possible.
create schema accounts;

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema accounts to zameni_query;
    grant select on zameni.read_models to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant usage on schema accounts to zameni_command;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_mailer') then
    grant usage on schema accounts to zameni_mailer;
  end if;
end
$$;

-- Lets the views of the schema `accounts` show a version: its tables, its checkpoint and what it has
-- parked. A statement that runs keeps the version that it has begun with.
create function zameni.show_read_models(shown integer) returns void
language plpgsql
as $$
declare
  name text;
begin
  -- First, see above.
  execute format(
    'create or replace view accounts.checkpoint as
     select version, case when is_of_other_log then 0 else position end as position
     from zameni.checkpoints
     where projection = ''accounts'' and version = %s', shown
  );
  execute format(
    'create or replace view accounts.parked as
     select subject, position from zameni.parked
     where projection = ''accounts'' and version = %s', shown
  );
  -- All, so that no table that the version does not have is left of another one.
  for name in
    select viewname from pg_views
    where schemaname = 'accounts' and viewname not in ('checkpoint', 'parked')
  loop
    execute format('drop view accounts.%I', name);
  end loop;
  for name in select tablename from pg_tables where schemaname = 'accounts_v' || shown loop
    execute format('create view accounts.%I as select * from accounts_v%s.%I', name, shown, name);
  end loop;
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant select on all tables in schema accounts to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant select on accounts.checkpoint to zameni_command;
  end if;
  -- Attempts by mailbox, for wishes for another mail.
  if exists (select from pg_roles where rolname = 'zameni_mailer') then
    grant select on accounts.checkpoint, accounts.attempts to zameni_mailer;
  end if;
end
$$;

-- Makes a version the live one, in one transaction. Returns false, and changes nothing, if it is
-- behind the live one: readers never go back. For half a second it keeps the live one from moving,
-- so that the other catches up. Fails with 55P03 (lock_not_available) if readers take longer.
-- The caller says in which states it may be, and with which live version it was compared.
create function zameni.switch_read_models(
  target integer, in_states text[] default array['building', 'differs', 'kept'],
  expected_live integer default null
) returns boolean
language plpgsql
set lock_timeout = '300ms'
as $$
declare
  live zameni.read_models;
  live_position bigint;
  target_position bigint;
begin
  -- One switch at a time: the one before has changed which row is live.
  perform pg_advisory_xact_lock('zameni.read_models'::regclass::oid::bigint);
  select * into strict live from zameni.read_models where state = 'live' for no key update;
  if live.version = target then
    return true;
  end if;
  perform from zameni.read_models
  where version = target and state = any(in_states) for no key update;
  if not found or live.version <> coalesce(expected_live, live.version) then
    raise exception 'version % cannot become the live one', target using errcode = '55000';
  end if;
  select position into live_position from zameni.checkpoints
  where projection = 'accounts' and version = live.version for update;
  for attempt in 1..25 loop
    select position into target_position from zameni.checkpoints
    where projection = 'accounts' and version = target;
    exit when target_position >= live_position;
    perform pg_sleep(0.02);
  end loop;
  if (target_position >= live_position) is not true then
    return false;
  end if;
  update zameni.read_models set state = 'kept', changed_at = now() where version = live.version;
  update zameni.read_models set state = 'live', changed_at = now() where version = target;
  perform zameni.show_read_models(target);
  return true;
end
$$;

-- Deletes what is left of a version that nobody follows any more. The checkpoint comes first,
-- because an erasure locks it before it looks for the tables.
create function zameni.delete_read_models(target integer) returns void
language plpgsql
set lock_timeout = '300ms'
set client_min_messages = warning
as $$
begin
  perform from zameni.checkpoints
  where projection = 'accounts' and version = target for update;
  perform from zameni.read_models where version = target and state = 'dropped' for update;
  if not found then
    return;
  end if;
  execute format('drop schema if exists accounts_v%s cascade', target);
  delete from zameni.parked where projection = 'accounts' and version = target;
  delete from zameni.checkpoints where projection = 'accounts' and version = target;
  delete from zameni.read_models where version = target;
end
$$;

-- Removes the row of an attempt that an erasure at a position has ended, from every version. The
-- lock waits for the end of copies into a version, and keeps the version from being deleted.
create function zameni.remove_attempt(attempt uuid, of_claim text, before bigint) returns void
language plpgsql
as $$
declare
  each integer;
begin
  for each in select version from zameni.read_models order by version for key share loop
    execute format(
      'delete from accounts_v%s.attempts
       where attempt_id = $1 and claim = $2 and (position < $3 or state = ''void'')', each
    ) using attempt, of_claim, before;
  end loop;
end
$$;

-- The same for the digest of an attempt that stays.
create function zameni.clear_attempt_claim(attempt uuid, of_claim text, before bigint) returns void
language plpgsql
as $$
declare
  each integer;
begin
  for each in select version from zameni.read_models order by version for key share loop
    execute format(
      'update accounts_v%s.attempts set claim = null
       where attempt_id = $1 and claim = $2 and (position < $3 or state = ''void'')', each
    ) using attempt, of_claim, before;
  end loop;
end
$$;

revoke all on function zameni.show_read_models, zameni.switch_read_models,
  zameni.delete_read_models, zameni.remove_attempt, zameni.clear_attempt_claim from public;
