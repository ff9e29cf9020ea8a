-- What the auditor found about each server's copy of the log. TypeScript: projector/src/audit/. The
-- services believe no server whose copy is `damaged`, or `unknown`: it came back and was not audited
-- since.
--
-- server_id: another one after each start of the server. reason: why the state is not `healthy`.
-- A server without a row was never audited, and is believed.
create table zameni.log_servers (
  server text primary key,
  server_id text not null,
  state text not null check (state in ('healthy', 'unknown', 'damaged')),
  reason text,
  changed_at timestamptz not null default now()
);

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant select on zameni.log_servers to zameni_query;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant select on zameni.log_servers to zameni_command;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_mailer') then
    grant select on zameni.log_servers to zameni_mailer;
  end if;
end
$$;
