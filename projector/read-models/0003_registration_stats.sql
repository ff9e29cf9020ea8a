-- The read model `registration_stats`: how many registrations made each step, by the minute of the
-- record and the locale. TypeScript: projector/src/read-models/registration-stats/.
--
-- It names nobody, so an erasure changes nothing in it. Rows stay for ever: a minute has one row for
-- each locale in which somebody registered.
create table accounts_vN.registration_stats (
  minute timestamptz not null,
  locale text not null,
  accepted bigint not null,
  registered bigint not null,
  verified bigint not null,
  primary key (minute, locale)
);

-- Adds the counts of a batch. Unlike the other read models it does not compare positions: a batch is
-- applied once, because accounts_vN.apply moves the checkpoint in the same transaction.
create function accounts_vN.apply_registration_counts(counts jsonb) returns void
language plpgsql
as $$
#variable_conflict use_column
begin
insert into accounts_vN.registration_stats as stored (
  minute, locale, accepted, registered, verified
)
select c.minute, c.locale, c.accepted, c.registered, c.verified
from jsonb_populate_recordset(
  null::accounts_vN.registration_stats, apply_registration_counts.counts
) as c
on conflict (minute, locale) do update set
  accepted = stored.accepted + excluded.accepted,
  registered = stored.registered + excluded.registered,
  verified = stored.verified + excluded.verified;
end
$$;

revoke all on function accounts_vN.apply_registration_counts from public;
