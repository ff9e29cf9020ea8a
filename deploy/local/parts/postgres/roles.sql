-- Run at every start by the superuser; every statement may be repeated.
-- What Postgres stores of a password is a variable of psql with the name of the role.

select format('create role %I login', name)
from unnest(array['zameni_projector', 'zameni_query', 'zameni_command', 'zameni_mailer']) as name
where not exists (select from pg_roles where rolname = name)
\gexec
select 'create role zameni_replication login replication'
where not exists (select from pg_roles where rolname = 'zameni_replication')
\gexec

alter role zameni_projector password :'zameni_projector';
alter role zameni_command password :'zameni_command';
alter role zameni_query password :'zameni_query';
alter role zameni_mailer password :'zameni_mailer';
alter role zameni_replication password :'zameni_replication';

-- A service that was taken over cannot have more connections than this.
alter role zameni_projector connection limit 60;
alter role zameni_command connection limit 30;
alter role zameni_query connection limit 40;
alter role zameni_mailer connection limit 30;
alter role zameni_replication connection limit 5;
-- Nor can it fill the disk with what a query sorts. A comparison of the projector sorts every person.
alter role zameni_command set temp_file_limit = '256MB';
alter role zameni_query set temp_file_limit = '256MB';
alter role zameni_mailer set temp_file_limit = '256MB';
-- For a service that hangs only: a session may change these for itself. Its own deadlines end a query
-- before. A copy or a comparison of the projector takes up to 110 s, a migration sets 120 s for itself.
alter role zameni_projector set statement_timeout = '120s';
alter role zameni_command set statement_timeout = '10s';
alter role zameni_query set statement_timeout = '10s';
alter role zameni_mailer set statement_timeout = '10s';
alter role zameni_projector set idle_in_transaction_session_timeout = '30s';
alter role zameni_command set idle_in_transaction_session_timeout = '10s';
alter role zameni_query set idle_in_transaction_session_timeout = '10s';
alter role zameni_mailer set idle_in_transaction_session_timeout = '10s';

select pg_create_physical_replication_slot('zameni_replica')
where not exists (select from pg_replication_slots where slot_name = 'zameni_replica');

select 'create database zameni owner zameni_projector'
where not exists (select from pg_database where datname = 'zameni')
\gexec

revoke all on database postgres, template1 from public;
-- By these everybody can write without a right to any table: large objects, and the write-ahead log.
select format('revoke execute on function %s from public', oid::regprocedure)
from pg_proc
where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_|loread$|lowrite$|pg_logical_emit_message$)'
  and has_function_privilege('public', oid, 'execute')
\gexec

\connect zameni
select format('revoke execute on function %s from public', oid::regprocedure)
from pg_proc
where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_|loread$|lowrite$|pg_logical_emit_message$)'
  and has_function_privilege('public', oid, 'execute')
\gexec
revoke all on database zameni from public;
grant connect on database zameni to zameni_query, zameni_command, zameni_mailer;
-- For the query API only. Migrations grant the others what they need, table by table.
alter default privileges for role zameni_projector grant usage on schemas to zameni_query;
alter default privileges for role zameni_projector grant select on tables to zameni_query;
alter default privileges for role zameni_projector grant select on sequences to zameni_query;
