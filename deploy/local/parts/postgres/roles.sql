-- Run at every start by the superuser; every statement may be repeated.
-- The passwords are variables of psql.

select format('create role %I login', name)
from unnest(array['zameni_projector', 'zameni_query', 'zameni_command', 'zameni_mailer']) as name
where not exists (select from pg_roles where rolname = name)
\gexec
select 'create role zameni_replication login replication'
where not exists (select from pg_roles where rolname = 'zameni_replication')
\gexec

alter role zameni_projector password :'projector_password';
alter role zameni_command password :'command_password';
alter role zameni_query password :'query_password';
alter role zameni_mailer password :'mailer_password';
alter role zameni_replication password :'replication_password';

-- Bounds for a service that hangs or is taken over. Its own deadlines end a query before. A copy or a
-- comparison of the projector takes up to 110 s, a migration sets 120 s for itself.
alter role zameni_projector connection limit 60;
alter role zameni_command connection limit 30;
alter role zameni_query connection limit 40;
alter role zameni_mailer connection limit 30;
alter role zameni_replication connection limit 5;
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

\connect zameni
revoke all on database zameni from public;
grant connect on database zameni to zameni_query, zameni_command, zameni_mailer;
-- For the query API only. Migrations grant the others what they need, table by table.
alter default privileges for role zameni_projector grant usage on schemas to zameni_query;
alter default privileges for role zameni_projector grant select on tables to zameni_query;
alter default privileges for role zameni_projector grant select on sequences to zameni_query;
