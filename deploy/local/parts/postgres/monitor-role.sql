-- Run at every start with telemetry by the superuser; every statement may be repeated.
-- The role reads statistics of the servers. It may not connect to the database of the services.

select 'create role zameni_monitor login connection limit 8'
where not exists (select from pg_roles where rolname = 'zameni_monitor')
\gexec

alter role zameni_monitor password :'zameni_monitor';
grant pg_monitor to zameni_monitor;
grant connect on database postgres to zameni_monitor;
