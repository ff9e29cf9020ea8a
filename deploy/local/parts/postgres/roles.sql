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
