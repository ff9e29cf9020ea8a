-- The command API learns how far the read model has come and whether an erasure is done; no person.
do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_command') then
    grant usage on schema zameni to zameni_command;
    grant select on zameni.checkpoints, zameni.erasures to zameni_command;
  end if;
end
$$;
