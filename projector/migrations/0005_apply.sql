-- Applies a batch of the projection `accounts`: compares and sets the checkpoint, then passes its
-- changes to the function of each read model. One call is one statement of the caller, so one round
-- trip and one transaction. It is a function because PgBouncer keeps no prepared statements, and to
-- plan these statements costs more than to run them for a small batch. plpgsql keeps their plans as
-- long as the connection to the server lives.
--
-- `changes` is an object of sets, each an array of objects by the names of columns; an empty set is
-- absent. If the checkpoint is not where and whose it was, the function changes nothing and returns
-- no row. Otherwise it returns a row of nulls and the rows of accounts_v1.apply_users.
--
-- Rules for the functions of the read models:
-- - One statement each, so its steps see the tables as they were before. No step touches a row that
--   another step touches: a person is either patched or removed, an address is either taken over or
--   given up, an attempt is either written or gone.
-- - Rows only grow newer: to apply a batch twice changes nothing, but adds its counts again. An
--   erased person gets no new row.
-- - Tables are looked up row by row (`limit 1`, `offset 0`, arrays). A join would be planned as a
--   scan of a whole table as soon as that looks cheaper than 500 look-ups, which it never is.
-- - Sequential scans are off. A kept plan that was made while a table was small would scan it at
--   every look-up until the next `analyze`: some 150 times slower at 100,000 people.
create function accounts_v1.apply(
  of_projection text, of_version integer, of_holder text, lease_ms double precision,
  from_position bigint, to_position bigint, changes jsonb
) returns table (person uuid, changed accounts_v1.users)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  update zameni.checkpoints
  set position = to_position, lease_until = now() + lease_ms * interval '1 millisecond'
  where projection = of_projection and version = of_version and holder = of_holder
    and position = from_position;
  if not found then
    return;
  end if;
  return next;
  if changes ?| array['patches', 'removals'] then
    return query
    select * from accounts_v1.apply_users(changes->'patches', changes->'removals');
  end if;
  if changes ?| array['attempts', 'erasures'] then
    perform accounts_v1.apply_attempts(changes->'attempts', changes->'erasures');
  end if;
  if changes ? 'erasures' then
    perform accounts_v1.apply_erasures(changes->'erasures');
  end if;
  if changes ? 'counts' then
    perform accounts_v1.apply_registration_counts(changes->'counts');
  end if;
  if changes ?| array['parks', 'waits', 'unparked'] then
    perform zameni.apply_parked(
      of_projection, of_version, coalesce(changes->'parks', '[]'),
      coalesce(changes->'waits', '[]'), coalesce(changes->'unparked', '[]')
    );
  end if;
end
$$;

revoke all on function accounts_v1.apply from public;
