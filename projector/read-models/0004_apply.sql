-- Applies a batch to this version: compares and sets the checkpoint, then passes its
-- changes to the function of each read model. One call is one statement of the caller, so one round
-- trip and one transaction. It is a function because PgBouncer keeps no prepared statements, and to
-- plan these statements costs more than to run them for a small batch. plpgsql keeps their plans as
-- long as the connection to the server lives.
--
-- `changes` is an object of sets, each an array of objects by the names of columns; an empty set is
-- absent. The set `anchors` replaces the anchors of the checkpoint. If the checkpoint is not where and whose it was, the function changes nothing and returns
-- no row. Otherwise it returns a row of nulls and the rows of accounts_vN.apply_users.
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
create function accounts_vN.apply(
  of_projection text, of_version integer, of_holder text, lease_ms double precision,
  from_position bigint, to_position bigint, changes jsonb
) returns table (person uuid, changed accounts_vN.users)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  -- In one order, because an erasure reaches every version and waits for batches under way.
  if changes ? 'erasures' then
    perform from zameni.checkpoints where projection = of_projection order by version for update;
  end if;
  update zameni.checkpoints
  set position = to_position, lease_until = now() + lease_ms * interval '1 millisecond',
    anchors = coalesce(changes->'anchors', anchors)
  where projection = of_projection and version = of_version and holder = of_holder
    and position = from_position;
  if not found then
    return;
  end if;
  return next;
  if changes ?| array['patches', 'removals'] then
    return query
    select * from accounts_vN.apply_users(changes->'patches', changes->'removals');
  end if;
  if changes ?| array['attempts', 'erasures'] then
    perform accounts_vN.apply_attempts(changes->'attempts', changes->'erasures');
  end if;
  if changes ? 'erasures' then
    perform zameni.apply_erasures(of_version, changes->'erasures');
  end if;
  if changes ? 'counts' then
    perform accounts_vN.apply_registration_counts(changes->'counts');
  end if;
  if changes ?| array['parks', 'waits', 'unparked'] then
    perform zameni.apply_parked(
      of_projection, of_version, coalesce(changes->'parks', '[]'),
      coalesce(changes->'waits', '[]'), coalesce(changes->'unparked', '[]')
    );
  end if;
end
$$;

revoke all on function accounts_vN.apply from public;

-- Erases people whose erasure another version has applied. `people` are objects with `user_id`.
create function accounts_vN.erase_people(people jsonb) returns void
language plpgsql
set enable_seqscan = off
as $$
declare
  erased uuid[] := array(select (person->>'user_id')::uuid from jsonb_array_elements(people) person);
begin
  delete from accounts_vN.users where user_id = any(erased);
  delete from accounts_vN.address_owner where user_id = any(erased);
  update accounts_vN.attempts set state = 'gone', user_id = null where user_id = any(erased);
end
$$;

revoke all on function accounts_vN.erase_people from public;

-- Fills the read models that are not selected, and counts of attempts, which do not stay in the log,
-- with those of the live version. The records up to carried_position are not applied to them again.
-- `from_version` is the live one. Returns carried_position, or fails and changes nothing.
create function accounts_vN.carry_over(of_version integer, from_version integer) returns bigint
language plpgsql
as $$
declare
  carried bigint;
begin
  -- What is parked is in no copy, and its records would not be applied again.
  if exists (
    select from zameni.read_models m
    join zameni.parked p on p.projection = 'accounts' and p.version = from_version
    where m.version = of_version
      and not m.selected @> array['users', 'attempts', 'registration_stats']
  ) then
    raise exception 'something is parked in version %', from_version using errcode = '55000';
  end if;
  -- One statement, so all is from one snapshot.
  execute format(
    $sql$
    with filled as (
      select selected from zameni.read_models where version = $1
    ), carried_users as (
      insert into accounts_vN.users select u.* from accounts_v%1$s.users u, filled
      where not 'users' = any(selected)
    ), carried_owners as (
      insert into accounts_vN.address_owner select o.* from accounts_v%1$s.address_owner o, filled
      where not 'users' = any(selected)
    ), carried_attempts as (
      insert into accounts_vN.attempts select a.* from accounts_v%1$s.attempts a, filled
      where not 'attempts' = any(selected)
    ), carried_counts as (
      insert into accounts_vN.registration_stats (minute, locale, accepted, registered, verified)
      select s.minute, s.locale, s.accepted,
        case when 'registration_stats' = any(selected) then 0 else s.registered end,
        case when 'registration_stats' = any(selected) then 0 else s.verified end
      from accounts_v%1$s.registration_stats s, filled
    )
    select position from zameni.checkpoints where projection = 'accounts' and version = %1$s
    $sql$, from_version
  ) into strict carried using of_version;
  -- Then what was erased meanwhile. The locks wait for erasures that are under way. Later ones wait
  -- for the copies and reach them. The time of an erasure is that of the begin of its transaction,
  -- which is much shorter than an hour.
  lock table zameni.erasures in share mode;
  perform from zameni.read_models where version = of_version for update;
  update zameni.read_models set carried_position = carried
  where version = of_version and carried_position is null and state = 'building';
  if not found then
    raise exception 'version % does not wait for copies', of_version using errcode = '55000';
  end if;
  perform accounts_vN.erase_people((
    select coalesce(jsonb_agg(e), '[]') from zameni.erasures e
    where e.read_model_at > now() - interval '1 hour'
  ));
  execute format(
    'delete from accounts_vN.attempts t
     where not exists (select from accounts_v%s.attempts l where l.attempt_id = t.attempt_id)',
    from_version
  );
  execute format(
    'update accounts_vN.attempts t set claim = null
     where claim is not null and not exists (
       select from accounts_v%s.attempts l where l.attempt_id = t.attempt_id and l.claim = t.claim
     )',
    from_version
  );
  return carried;
end
$$;

revoke all on function accounts_vN.carry_over from public;
