import type { UserView } from '@zameni/contracts';
import { openSuperuserPool, type Stack } from '@zameni/runtime/testing';
import type { AttemptRow, ReadModel } from '../history/types.ts';

/** Reads the rows of the read model and its checkpoint from the primary. */
export async function readRows(stack: Stack): Promise<{ rows: ReadModel; checkpoint: number }> {
  const pool = openSuperuserPool(stack, { name: 'crash-recovery' });
  try {
    const users = await pool.query<UserRow>(
      `select user_id, email, email_verified, display_name, locale, terms_version, profile, status,
         registered_at, version, claim, position from accounts.users`,
    );
    const attempts = await pool.query<StoredAttempt>(
      'select attempt_id, claim, position, expires_at, state, user_id from accounts.attempts',
    );
    const owners = await pool.query<{ k: string; user_id: string; position: string }>(
      'select k, user_id, position from accounts.address_owner',
    );
    const checkpoints = await pool.query<{ position: string }>(
      'select position from accounts.checkpoint',
    );
    return {
      checkpoint: Number(checkpoints.rows[0]?.position ?? 0),
      rows: {
        users: users.rows.map((row) => {
          return { view: toView(row), claim: row.claim, position: Number(row.position) };
        }),
        attempts: attempts.rows.map(toAttempt),
        owners: owners.rows.map((row) => {
          return { k: row.k, userId: row.user_id, position: Number(row.position) };
        }),
      },
    };
  } finally {
    await pool.end();
  }
}

type UserRow = {
  readonly user_id: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly display_name: string;
  readonly locale: string;
  readonly terms_version: string;
  readonly profile: UserView['profile'];
  readonly status: UserView['status'];
  readonly registered_at: Date;
  readonly version: number;
  readonly claim: string;
  readonly position: string;
};

function toView(row: UserRow): UserView {
  return {
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
}

type StoredAttempt = {
  readonly attempt_id: string;
  readonly claim: string | null;
  readonly position: string;
  readonly expires_at: Date;
  readonly state: AttemptRow['state'];
  readonly user_id: string | null;
};

function toAttempt(row: StoredAttempt): AttemptRow {
  return {
    id: row.attempt_id,
    claim: row.claim,
    position: Number(row.position),
    expiresAt: row.expires_at.toISOString(),
    state: row.state,
    userId: row.user_id,
  };
}
