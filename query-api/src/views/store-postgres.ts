import { encodeUserView, subjects, type UserView } from '@zameni/contracts';
import {
  type LiveCheckpoint,
  type Queries,
  readLiveCheckpoint,
  type ViewContent,
  Fault,
} from '@zameni/runtime';
import { type KnownStatus, toStatusView } from './registration-status.ts';
import type { StoredView, ViewStore } from './store.ts';

/** Called with each checkpoint that is read, also with that of a row. */
export type OnCheckpoint = (checkpoint: LiveCheckpoint) => void;

/**
 * The live version of the read models in one database. One statement reads row, park and checkpoint
 * from one snapshot, so the position is that of the row. It names the checkpoint first: a switch of
 * versions locks that first, so it comes wholly before or wholly after the statement. Rejects if the
 * database is unavailable or has no checkpoint.
 */
export function createPostgresViewStore(
  pool: Queries,
  onCheckpoint: OnCheckpoint = () => undefined,
): ViewStore {
  const tell = <Found extends Place>(row: Found | undefined): Found => {
    const found = required(row);
    onCheckpoint({ version: found.model_version, position: Number(found.position) });
    return found;
  };
  return {
    read: async (kind, id) => {
      if (kind === 'user') return toUserView(tell(await selectUser(pool, id)));
      return toRegistrationView(tell(await selectRegistration(pool, id)));
    },
    readPosition: async () => {
      const checkpoint = required(await readLiveCheckpoint(pool));
      onCheckpoint(checkpoint);
      return checkpoint.position;
    },
  };
}

/** A checkpoint, and the first record of the asked subjects that waits. */
type Place = {
  readonly model_version: number;
  readonly position: string;
  readonly parked_at: string | null;
};

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

type UserRow = Row<UserFields> & { readonly erased: boolean };

async function selectUser(pool: Queries, id: string): Promise<UserRow | undefined> {
  const { rows } = await pool.query<UserRow>(
    `select c.version as model_version, c.position, u.user_id, u.email, u.email_verified,
       u.display_name, u.locale, u.terms_version, u.profile, u.status, u.registered_at, u.version,
       e.user_id is not null as erased, p.position as parked_at
     from accounts.checkpoint c
     left join accounts.users u on u.user_id = $1
     left join accounts.parked p on p.subject = $2
     left join zameni.erasures e on e.user_id = $1`,
    [id, subjects.account(id)],
  );
  return rows[0];
}

function toUserView(row: UserRow): StoredView {
  if (row.erased) return toErased(row);
  const isParked = row.parked_at !== null;
  return { ...toPlace(row), view: row.user_id === null ? 'absent' : toUser(row, isParked) };
}

/** An erasure covers the checkpoint also for a parked account: it is applied at once. */
function toErased({ model_version: modelVersion, position }: Place): StoredView {
  return { modelVersion, position: Number(position), view: 'erased' };
}

/** Of a parked account the row covers the position before the first record that waits. */
function toPlace(place: Place): Omit<StoredView, 'view'> {
  const { model_version: modelVersion, position, parked_at: parked } = place;
  if (parked === null) return { modelVersion, position: Number(position) };
  return { modelVersion, position: Number(parked) - 1, parkedAt: Number(parked) };
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
async function selectRegistration(pool: Queries, id: string): Promise<StatusRow | undefined> {
  const { rows } = await pool.query<StatusRow>(
    `select c.version as model_version, c.position, e.user_id is not null as erased,
       case
         when u.user_id is not null then 'registered'
         when a.state in ('open', 'void') and now() < a.expires_at then 'awaiting-proof'
         when a.state = 'registered' and now() < a.expires_at then 'registered'
         when a.attempt_id is not null then 'gone'
       end as status,
       (
         select min(p.position) from accounts.parked p where p.subject in ($2, $3)
       ) as parked_at
     from accounts.checkpoint c
     left join accounts.users u on u.user_id = $1
     left join accounts.attempts a on a.attempt_id = $1
     left join zameni.erasures e on e.user_id = $1`,
    [id, subjects.account(id), subjects.attempt(id)],
  );
  return rows[0];
}

function toRegistrationView(row: StatusRow): StoredView {
  if (row.erased) return toErased(row);
  const isOpen = row.parked_at !== null && row.status === 'gone';
  return { ...toPlace(row), view: isOpen ? 'absent' : toStatusView(row.status) };
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Fault('the projection has no checkpoint');
  return value;
}
