import {
  ACCOUNTS_PROJECTION,
  encodeUserView,
  type RegistrationOutcome,
  type UserView,
} from '@zameni/contracts';
import type { Pool, ViewContent } from '@zameni/runtime';
import type { StoredView, ViewStore } from './view-store.ts';

/**
 * The read model in one database. Row and checkpoint come from one statement, so from one snapshot:
 * the answer knows which position it covers.
 */
export function createPostgresViewStore(pool: Pool): ViewStore {
  return {
    read: (kind, id) => (kind === 'user' ? readUser(pool, id) : readRegistration(pool, id)),
    readPosition: () => readPosition(pool),
  };
}

const projection = [ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version];

type Row<Fields> = { position: string } & (Fields | { [Name in keyof Fields]: null });

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
       e.user_id is not null as erased
     from zameni.checkpoints c
     left join accounts_v1.users u on u.user_id = $3 and u.standing = 'held'
     left join zameni.erasures e on e.user_id = $3
     where c.projection = $1 and c.version = $2`,
    [...projection, id],
  );
  const row = only(rows);
  const position = Number(row.position);
  if (row.erased) return { position, view: 'erased' };
  return { position, view: row.user_id === null ? 'absent' : toUser(row) };
}

function toUser(row: UserFields): ViewContent {
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
  };
  return { version: row.version, body: encodeUserView(view) };
}

type RegistrationFields = {
  result: RegistrationOutcome['result'];
  reason: 'address-taken' | null;
};

async function readRegistration(pool: Pool, id: string): Promise<StoredView> {
  const { rows } = await pool.query<Row<RegistrationFields>>(
    `select c.position, r.result, r.reason
     from zameni.checkpoints c
     left join accounts_v1.registrations r on r.registration_id = $3
     where c.projection = $1 and c.version = $2`,
    [...projection, id],
  );
  const { position, result, reason } = only(rows);
  if (result === null) return { position: Number(position), view: 'absent' };
  const body = JSON.stringify(toOutcome(id, result, reason));
  return { position: Number(position), view: { version: 1, body } };
}

function toOutcome(
  userId: string,
  result: RegistrationFields['result'],
  reason: RegistrationFields['reason'],
): RegistrationOutcome {
  switch (result) {
    case 'registered':
      return { result, userId };
    case 'refused':
      return { result, reason: reason ?? 'address-taken' };
    case 'pending':
    case 'superseded':
      return { result };
    default:
      return result satisfies never;
  }
}

async function readPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ position: string }>(
    'select position from zameni.checkpoints where projection = $1 and version = $2',
    projection,
  );
  return Number(only(rows).position);
}

function only<R>(rows: readonly R[]): R {
  const row = rows[0];
  if (row === undefined) throw new Error('the projection has no checkpoint');
  return row;
}
