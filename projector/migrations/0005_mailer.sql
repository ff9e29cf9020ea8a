-- The ledger of the mailer: which mails records of the log ask for, and what became of them.
-- TypeScript: projector/src/mailer/. The mailer's own user writes it, nobody else does.
create schema mailer;

-- The position up to which the log was read for mails, and the process that sends. Position -1:
-- never started.
create table mailer.checkpoints (like zameni.checkpoints including all);

insert into mailer.checkpoints (projection, version, position) values ('mailer', 1, -1);

-- A mail that a record asks for. It holds no address, no name and no link: these are read from the
-- log when it is sent.
--
-- cause, position: the record that asks for it. recipient: mails with the same one are sent in
-- order. mailbox: keyed digest of the address, only while it counts for the budget of the mailbox.
-- is_strangers: anybody can cause it, so the budget applies. kind: which mail it was in the end.
-- state: `waiting` (for next_at), `sending`, `sent`, `merged` (into a later mail to the mailbox),
-- `not-needed`, `abandoned` (the server will never take it), `unknown` (it may have been sent, and
-- was repeated once already). takes: how often a process took it; what that process says of it counts
-- until the next one. is_handed: handed to a server since. tries: how often it was handed to one;
-- repeats: how often without knowing whether the server had taken it before. record_at: the instant
-- of the record; null if that cannot be read. traceparent: the trace context of its request, and
-- merged_traceparents those of the mails merged into this one, until it is sent or not needed.
create table mailer.messages (
  id bigint generated always as identity primary key,
  cause text not null,
  position bigint not null,
  user_id uuid,
  attempt_id uuid,
  recipient text not null,
  mailbox text,
  is_strangers boolean not null,
  kind text,
  state text not null default 'waiting',
  reason text,
  takes integer not null default 0,
  is_handed boolean not null default false,
  tries integer not null default 0,
  repeats integer not null default 0,
  merged integer not null default 0,
  record_at timestamptz,
  traceparent text,
  merged_traceparents text[] not null default '{}',
  created_at timestamptz not null default now(),
  next_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (position, cause)
);

create index messages_due on mailer.messages (next_at, id) where state = 'waiting';
create index messages_sending on mailer.messages (changed_at) where state = 'sending';
create index messages_failed on mailer.messages (state, id) where state in ('abandoned', 'unknown');
create index messages_recipient on mailer.messages (recipient, id) where state in ('waiting', 'sending');
create index messages_mailbox on mailer.messages (mailbox, changed_at) where mailbox is not null;
create index messages_user_id on mailer.messages (user_id, id);
create index messages_attempt_id on mailer.messages (attempt_id, id) where attempt_id is not null;

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_mailer') then
    grant usage on schema zameni, mailer to zameni_mailer;
    grant select, update on mailer.checkpoints to zameni_mailer;
    grant select, insert, update, delete on mailer.messages to zameni_mailer;
  end if;
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant usage on schema mailer to zameni_query;
    -- By default it reads every new table. It has no use for the digest of a mailbox.
    revoke select on mailer.messages, mailer.checkpoints from zameni_query;
    grant select (id, cause, user_id, attempt_id, kind, state, reason, tries, repeats, created_at,
      next_at, changed_at) on mailer.messages to zameni_query;
  end if;
end
$$;
