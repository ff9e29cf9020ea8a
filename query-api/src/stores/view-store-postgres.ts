import { ACCOUNTS_PROJECTION, encodeUserView, subjects, type UserView } from '@zameni/contracts';
import { type Pool, readCheckpoint, type ViewContent } from '@zameni/runtime';
import { type KnownStatus, toStatusView } from './registration-status.ts';
import type { StoredView, ViewStore } from './view-store.ts';

/**
 * The read model in one database. One statement reads row, park and checkpoint from one snapshot, so
 * the position is that of the row. Rejects if the database is unavailable or has no checkpoint.
 */
export function createPostgresViewStore(pool: Pool): ViewStore {
  return {
    read: (kind, id) => (kind === 'user' ? readUser(pool, id) : readRegistration(pool, id)),
    readPosition: () => readPosition(pool),
  };
}

const projection = [ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version];

/** A checkpoint, and the first record of the asked subjects that waits. */
type Place = { readonly position: string; readonly parked_at: string | null };

type Row<Fields> = Place & (Fields | { [Name in keyof Fields]: null });

type UserFields = {
  user_id: string;
  email: string;
  email_verified: boolean;
  display_name: string;
  locale: string;
  terms_version: string;
  profile: UserView['profile'];
  status: UserView['status'];
  registered_at: Date;
  version: number;
};

async function readUser(pool: Pool, id: string): Promise<StoredView> {
  const { rows } = await pool.query<Row<UserFields> & { erased: boolean }>(
    `select c.position, u.user_id, u.email, u.email_verified, u.display_name, u.locale,
       u.terms_version, u.profile, u.status, u.registered_at, u.version,
       e.user_id is not null as erased, p.position as parked_at
     from zameni.checkpoints c
     left join accounts_v1.users u on u.user_id = $3
     left join zameni.erasures e on e.user_id = $3
     left join zameni.parked p
       on p.projection = c.projection and p.version = c.version and p.subject = $4
     where c.projection = $1 and c.version = $2`,
    [...projection, id, subjects.account(id)],
  );
  const row = required(rows[0]);
  if (row.erased) return { position: Number(row.position), view: 'erased' };
  const isParked = row.parked_at !== null;
  return { ...toPlace(row), view: row.user_id === null ? 'absent' : toUser(row, isParked) };
}

/** Of a parked account the row covers the position before the first record that waits. */
function toPlace({ position, parked_at: parked }: Place): Omit<StoredView, 'view'> {
  if (parked === null) return { position: Number(position) };
  return { position: Number(parked) - 1, parkedAt: Number(parked) };
}

function toUser(row: UserFields, isParked: boolean): ViewContent {
  const view: UserView = {
    userId: row.user_id,
    email: row.email,
    emailVerified: row.email_verified,
    displayName: row.display_name,
    locale: row.locale,
    termsVersion: row.terms_version,
    profile: row.profile,
    status: row.status,
    registeredAt: row.registered_at.toISOString(),
    version: row.version,
    ...(isParked ? { parked: true } : {}),
  };
  return { version: row.version, body: encodeUserView(view) };
}

type StatusRow = Place & {
  readonly erased: boolean;
  readonly status: KnownStatus | 'gone' | null;
};

/**
 * An account has the id of its attempt, but an attempt may also have led to another account. If
 * records of either wait, an attempt whose time is over may have been proven.
 */
async function readRegistration(pool: Pool, id: string): Promise<StoredView> {
  const { rows } = await pool.query<StatusRow>(
    `select c.position, e.user_id is not null as erased,
       case
         when u.user_id is not null then 'registered'
         when a.state in ('open', 'void') and now() < a.expires_at then 'awaiting-proof'
         when a.state = 'registered' and now() < a.expires_at then 'registered'
         when a.attempt_id is not null then 'gone'
       end as status,
       (
         select min(p.position) from zameni.parked p
         where p.projection = c.projection and p.version = c.version and p.subject in ($4, $5)
       ) as parked_at
     from zameni.checkpoints c
     left join zameni.erasures e on e.user_id = $3
     left join accounts_v1.users u on u.user_id = $3
     left join accounts_v1.attempts a on a.attempt_id = $3
     where c.projection = $1 and c.version = $2`,
    [...projection, id, subjects.account(id), subjects.attempt(id)],
  );
  const row = required(rows[0]);
  if (row.erased) return { position: Number(row.position), view: 'erased' };
  const isOpen = row.parked_at !== null && row.status === 'gone';
  return { ...toPlace(row), view: isOpen ? 'absent' : toStatusView(row.status) };
}

async function readPosition(pool: Pool): Promise<number> {
  return required(await readCheckpoint(pool, ACCOUNTS_PROJECTION));
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the projection has no checkpoint');
  return value;
}
