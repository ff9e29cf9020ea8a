-- Servers of the log that were away when a person's key and claims were deleted, and may keep their
-- bytes; until each of them is made anew, the erasure is not done.
alter table zameni.erasures
  add column log_servers_behind text[] not null default '{}';

-- Version 2 of the eraser forgets the keys of superseded people too, those of before included: it
-- reads the log from its beginning, and what is gone already is passed over.
update zameni.checkpoints
set version = 2, position = 0, holder = null, lease_until = '-infinity'
where projection = 'eraser';
