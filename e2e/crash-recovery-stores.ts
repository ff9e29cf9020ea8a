import {
  ACCOUNTS_STREAM,
  ClaimRecord,
  decodeEvent,
  factOf,
  KeyRecord,
  openEvent,
  recordKind,
  type UserView,
} from '@zameni/contracts';
import {
  type ClaimLayout,
  createDataKeys,
  createPool,
  type DataKey,
  type DataKeys,
  type LogRecord,
  openPersonal,
  readKeyRing,
  readSecret,
} from '@zameni/runtime';
import { createSilentLogger, type Stack } from '@zameni/runtime/testing';
import { Value } from 'typebox/value';
import { openAdminLog } from './admin-log.ts';
import { nameClaims, readClaimLayout } from './claim-names.ts';
import type { LogFacts, ReadModel } from './history.ts';
import { foldAccount, type PlacedEvent } from './log-account.ts';

const READ_DEADLINE_MS = 120_000;

/** Reads the whole log as the admin, and opens it with the keys of the stack. */
export async function readLog(stack: Stack): Promise<LogFacts> {
  await using admin = await openAdminLog(stack, 'crash-recovery');
  const { log } = admin;
  const signal = AbortSignal.timeout(READ_DEADLINE_MS);
  const head = await log.head(signal);
  const records: LogRecord[] = [];
  const options = {
    filters: ACCOUNTS_STREAM.subjects,
    after: 0,
    maxRecords: 1_000,
    maxBytes: 4 * 1024 * 1024,
  };
  if (head > 0) {
    for await (const batch of log.readBatches(options, signal)) {
      records.push(...batch);
      if ((batch.at(-1)?.position ?? 0) >= head) break;
    }
  }
  signal.throwIfAborted();
  const dataKeys = createDataKeys(readKeyRing(stack.keys.kekFile));
  return toFacts(records, { dataKeys, layout: readClaimLayout(stack) });
}

/** Reads the rows of the read model and its checkpoint from the primary itself. */
export async function readRows({
  postgres,
}: Stack): Promise<{ rows: ReadModel; checkpoint: number }> {
  const { user, passwordFile } = postgres.superuser;
  const { host, port } = postgres.primary;
  const pool = createPool({
    url: `postgres://${user}@${host}:${port}/${postgres.database}`,
    password: readSecret(passwordFile),
    max: 1,
    name: 'crash-recovery',
    logger: createSilentLogger(),
  });
  try {
    const users = await pool.query<UserRow>(
      `select user_id, email, email_verified, display_name, locale, terms_version, profile, status,
         registered_at, version, standing, position from accounts_v1.users`,
    );
    const registrations = await pool.query<{ id: string; result: string; position: string }>(
      'select registration_id as id, result, position from accounts_v1.registrations',
    );
    const owners = await pool.query<{ k: string; user_id: string; position: string }>(
      'select k, user_id, position from accounts_v1.address_owner',
    );
    const checkpoints = await pool.query<{ position: string }>(
      `select position from zameni.checkpoints where projection = 'accounts' and version = 1`,
    );
    return {
      checkpoint: Number(checkpoints.rows[0]?.position ?? 0),
      rows: {
        users: users.rows.map((row) => {
          return { view: toView(row), standing: row.standing, position: Number(row.position) };
        }),
        registrations: registrations.rows.map(({ id, result, position }) => {
          return { registrationId: id, outcome: result, position: Number(position) };
        }),
        owners: owners.rows.map((row) => {
          return { k: row.k, userId: row.user_id, position: Number(row.position) };
        }),
      },
    };
  } finally {
    await pool.end();
  }
}

function toFacts(
  records: readonly LogRecord[],
  { dataKeys, layout }: { readonly dataKeys: DataKeys; readonly layout: ClaimLayout },
): LogFacts {
  const { opened, keys } = openKeys(records, dataKeys);
  const claims = new Map<string, ClaimRecord>();
  const events = new Map<string, [PlacedEvent, ...PlacedEvent[]]>();
  for (const { subject, position, data } of records) {
    const name = nameIn(subject);
    const text = Buffer.from(data).toString('utf8');
    switch (recordKind(subject)) {
      case 'claim':
        claims.set(name, Value.Parse(ClaimRecord, JSON.parse(text)));
        break;
      case 'key':
      case 'forget':
        break;
      case 'account': {
        const event = placeEvent(text, position, opened.get(name));
        const before = events.get(name);
        if (before === undefined) events.set(name, [event]);
        else before.push(event);
        break;
      }
      case undefined:
        throw new Error(`a record at ${position} is of no kind`);
    }
  }
  const nameOf = nameClaims(
    [...events.values()].flat().map(({ event }) => event),
    layout,
  );
  return {
    claims: [...claims].map(([end, record]) => ({ k: nameOf(end), record })),
    keys: keys.map(({ userId, position, isWrappedAnew }) => {
      const [first] = events.get(userId) ?? [];
      return { userId, position: isWrappedAnew && first ? first.position - 1 : position };
    }),
    accounts: [...events].map(([userId, all]) => foldAccount(userId, all)),
  };
}

/** Opens every key. One that was wrapped anew lies behind the events of its person, not before the first. */
function openKeys(records: readonly LogRecord[], dataKeys: DataKeys) {
  const opened = new Map<string, DataKey>();
  const keys = records.flatMap(({ subject, position, data }) => {
    if (recordKind(subject) !== 'key') return [];
    const userId = nameIn(subject);
    const record = Value.Parse(KeyRecord, JSON.parse(Buffer.from(data).toString('utf8')));
    opened.set(userId, dataKeys.open(userId, record));
    return [{ userId, position, isWrappedAnew: record.version > 1 }];
  });
  return { opened, keys };
}

function nameIn(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** An event at its place, its personal data opened where there is a key. */
export function placeEvent(text: string, position: number, key: DataKey | undefined): PlacedEvent {
  const stored = decodeEvent(text);
  const { metadata, type, personal } = stored;
  const { userId, id: eventId } = metadata;
  const placed = { position, metadata, fact: factOf(stored) };
  // Of who was erased the facts are left.
  if (personal !== null && key === undefined) return { ...placed, event: undefined };
  const plain =
    key === undefined || personal === null
      ? null
      : openPersonal(key, { eventId, type, userId }, personal);
  return { ...placed, event: openEvent(stored, plain) };
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
  readonly standing: string;
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
