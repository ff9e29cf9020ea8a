-- Subjects of the log with a record that cannot be projected: `zameni.account.<id>`,
-- `zameni.attempt.<id>` or a subject that is unknown here. All other subjects go on. The log itself
-- is the queue, so only positions are kept. TypeScript: projector/src/parking/.
--
-- `position` is the first record that is not applied, `last_position` the last one that waits,
-- `waiting` their number. `tries` counts how often it was tried. A redrive is requested by an operator and
-- done by the active projector; the last request counts. redrive_traceparent: its trace context.
create table zameni.parked (
  projection text not null,
  version integer not null,
  subject text not null,
  position bigint not null,
  last_position bigint not null,
  waiting integer not null,
  reason text not null,
  detail text,
  tries integer not null default 1,
  trace_id text,
  parked_at timestamptz not null default now(),
  redrive_requested_at timestamptz,
  redrive_traceparent text,
  primary key (projection, version, subject)
);

create index parked_redrive_requested_at on zameni.parked (redrive_requested_at)
where redrive_requested_at is not null;

-- Records that an operator has decided to skip, in every version of every projection.
create table zameni.discarded (
  subject text not null,
  position bigint not null,
  reason text not null,
  discarded_by text not null,
  discarded_at timestamptz not null default now(),
  primary key (subject, position)
);

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant select on zameni.parked to zameni_query;
  end if;
end
$$;

-- Applies the changes of parked subjects. `parks` are new, or failed again; `waits` are further
-- records of parked subjects; `unparked` are subjects whose records are applied or erased.
--
-- A park that failed again names the request that was tried, which ends with it. A request that came
-- meanwhile stays: the reason for it may be what mends the subject. A new park of a record that is
-- discarded is tried again at once: a version that reads the log later may not know that yet.
create function zameni.apply_parked(
  of_projection text, of_version integer, parks jsonb, waits jsonb, unparked jsonb
) returns void
language plpgsql
as $$
#variable_conflict use_column
begin
  update zameni.parked as stored set redrive_requested_at = null, redrive_traceparent = null
  from jsonb_populate_recordset(null::zameni.parked, apply_parked.parks) as p
  where stored.projection = of_projection and stored.version = of_version
    and stored.subject = p.subject and stored.redrive_requested_at = p.redrive_requested_at;

  insert into zameni.parked as stored (
    projection, version, subject, position, last_position, waiting, reason, detail, trace_id,
    redrive_requested_at
  )
  select
    of_projection, of_version, p.subject, p.position, p.last_position, p.waiting, p.reason,
    p.detail, p.trace_id, (
      select now() from zameni.discarded d
      where d.subject = p.subject and d.position = p.position
    )
  from jsonb_populate_recordset(null::zameni.parked, apply_parked.parks) as p
  on conflict (projection, version, subject) do update set
    position = excluded.position, last_position = excluded.last_position,
    waiting = excluded.waiting, reason = excluded.reason, detail = excluded.detail,
    trace_id = excluded.trace_id, tries = stored.tries + 1;

  update zameni.parked as stored
  set last_position = w.last_position, waiting = stored.waiting + w.waiting
  from jsonb_populate_recordset(null::zameni.parked, apply_parked.waits) as w
  where stored.projection = of_projection and stored.version = of_version
    and stored.subject = w.subject and stored.last_position < w.last_position;

  delete from zameni.parked as stored
  using jsonb_to_recordset(apply_parked.unparked) as u (subject text)
  where stored.projection = of_projection and stored.version = of_version
    and stored.subject = u.subject;
end
$$;

revoke all on function zameni.apply_parked from public;
