-- What the events of an account change after its registration. standing: `contested` is an attempt
-- on an address that somebody else holds unproven; nobody may read it as a person before its mailbox
-- is proven. claim: the keyed digest of her address, so that proof of the mailbox can make her its
-- owner; people of before this migration own theirs already and have none here.
alter table accounts_v1.users
  add column standing text not null default 'held',
  add column claim text;

-- By whom an address is given up when a person changes it, is superseded or is erased.
create index address_owner_user_id on accounts_v1.address_owner (user_id);

-- Who was erased, and when each store had forgotten her. It outlives every version of the projection:
-- no rebuild makes an erased person readable again.
create table zameni.erasures (
  user_id uuid primary key,
  position bigint not null,
  requested_at timestamptz not null,
  requested_by text,
  read_model_at timestamptz,
  cache_at timestamptz,
  key_at timestamptz,
  claims_at timestamptz
);

create index erasures_not_in_cache on zameni.erasures (position) where cache_at is null;

do $$
begin
  if exists (select from pg_roles where rolname = 'zameni_query') then
    grant select on zameni.erasures to zameni_query;
  end if;
end
$$;
