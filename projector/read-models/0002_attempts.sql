-- The read model `attempts`. TypeScript: projector/src/read-models/attempts/.
--
-- `open` awaits proof until expires_at. `void` seems to await it, after an erasure of its address.
-- `registered` was closed by proof and led to user_id. `gone` was closed otherwise. `claim`, the
-- keyed digest of the address, is kept while proof is possible. A void attempt keeps it until the
-- eraser has deleted the attempt from the log: the eraser finds the attempts on an address by it.
-- Rows are removed some time after expires_at.
create table accounts_vN.attempts (
  attempt_id uuid primary key,
  claim text,
  position bigint not null,
  expires_at timestamptz not null,
  state text not null check (state in ('open', 'void', 'registered', 'gone')),
  user_id uuid
);

create index attempts_claim on accounts_vN.attempts (claim) where claim is not null;
create index attempts_user_id on accounts_vN.attempts (user_id) where user_id is not null;

-- For the removal of expired rows, and the count of live ones from the index alone. `state` is only
-- included: if it were a key, a plan made while the table is small would look attempts up by it.
create index attempts_expires_at on accounts_vN.attempts (expires_at) include (state);

-- Applies rows of attempts, and the erasures of people to whom older attempts led.
create function accounts_vN.apply_attempts(attempts jsonb, erasures jsonb) returns void
language plpgsql
as $$
#variable_conflict use_column
begin
with newer as materialized (
  select
    a.attempt_id, a.claim, a.position, a.expires_at,
    case when e.user_id is null then a.state else 'gone' end as state,
    case when e.user_id is null then a.user_id end as user_id
  from jsonb_populate_recordset(null::accounts_vN.attempts, apply_attempts.attempts) as a
  -- A parked attempt may be applied after the erasure of the person to whom it led.
  left join lateral (
    select erased.user_id from zameni.erasures erased where erased.user_id = a.user_id limit 1
  ) e on true
  left join lateral (
    select stored.position from accounts_vN.attempts stored
    where stored.attempt_id = a.attempt_id limit 1
  ) s on true
  where s.position is null or s.position < a.position
), written as (
  insert into accounts_vN.attempts as stored
  select * from newer
  on conflict (attempt_id) do update set
    claim = coalesce(excluded.claim, case when excluded.state = 'void' then stored.claim end),
    position = excluded.position, expires_at = excluded.expires_at,
    state = excluded.state, user_id = excluded.user_id
  where stored.position < excluded.position
)
update accounts_vN.attempts set state = 'gone', user_id = null
where attempt_id = any(array(
  select a.attempt_id
  from jsonb_to_recordset(apply_attempts.erasures) as e (user_id uuid, position bigint)
  cross join lateral (
    select stored.attempt_id from accounts_vN.attempts stored
    where stored.user_id = e.user_id and stored.position < e.position offset 0
  ) a
  where a.attempt_id not in (select attempt_id from newer)
));
end
$$;

revoke all on function accounts_vN.apply_attempts from public;
