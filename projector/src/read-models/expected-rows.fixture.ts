import { withoutKey } from '../accounts.fixture.ts';
import type { AttemptRow } from './attempts/rows.ts';
import type { ProjectedAttempt, ProjectedEvent, ProjectedRecord } from './record.ts';
import type { UserRow } from './users/rows.ts';

/** The rows of all read models after a history. */
export type Rows = {
  readonly users: Map<string, UserRow>;
  readonly owners: Map<string, { userId: string; position: number }>;
  readonly attempts: Map<string, AttemptRow>;
  readonly erasures: Map<string, number>;
};

/** Rows in a form without order. */
export function toPlainRows(rows: Partial<Rows>): Record<string, unknown> {
  const tables = Object.entries(rows);
  return Object.fromEntries(tables.map(([name, table]) => [name, Object.fromEntries(table)]));
}

/** The same batches after the eraser ran: of each attempt the last record is left. */
export function afterEraser(batches: readonly (readonly ProjectedRecord[])[]): ProjectedRecord[][] {
  const history = withoutErasedKeys(batches.flat());
  const last = new Map<string, ProjectedRecord>();
  for (const record of history) {
    if (record.kind === 'attempt') last.set(record.attempt.attemptId, record);
  }
  const isLeft = (record: ProjectedRecord) =>
    record.kind === 'event' || last.get(record.attempt.attemptId) === record;
  let end = 0;
  return batches.map(({ length }) => {
    end += length;
    return history.slice(end - length, end).filter(isLeft);
  });
}

function withoutErasedKeys(history: readonly ProjectedRecord[]): ProjectedRecord[] {
  const erased = new Set(
    history.flatMap((record) =>
      record.kind === 'event' && record.event.event.name === 'erased'
        ? [record.event.metadata.userId]
        : [],
    ),
  );
  return history.map((record) => {
    if (record.kind !== 'event') return record;
    const { metadata, position, personal, event } = record.event;
    if (personal === 'erased' || event.name === 'erased' || !erased.has(metadata.userId)) {
      return record;
    }
    const place = { position, version: metadata.accountVersion };
    return { kind: 'event', event: withoutKey(Number(metadata.userId.slice(-12)), event, place) };
  });
}

/** The rows after the eraser removed the claims of void attempts. */
export function clearClaims(rows: ReadonlyMap<string, AttemptRow>): Map<string, AttemptRow> {
  return new Map(
    [...rows].map(([id, row]) => [id, row.state === 'void' ? { ...row, claim: null } : row]),
  );
}

/** The rows after a history, computed record by record in the plainest way. */
export function expectRows(history: readonly ProjectedRecord[]): Rows {
  const rows: Rows = {
    users: new Map(),
    owners: new Map(),
    attempts: new Map(),
    erasures: new Map(),
  };
  for (const record of history) {
    switch (record.kind) {
      case 'event':
        takeEvent(rows, record.event);
        break;
      case 'attempt':
        takeAttempt(rows, record.attempt);
        break;
      default:
        record satisfies never;
    }
  }
  return rows;
}

function takeAttempt({ attempts }: Rows, { attemptId, position, record }: ProjectedAttempt): void {
  const row = { attemptId, position, expiresAt: record.expiresAt, claim: null, userId: null };
  if (record.state === 'open') {
    attempts.set(attemptId, { ...row, claim: record.claim, state: 'open' });
  } else if (record.state === 'void') {
    const claim = attempts.get(attemptId)?.claim ?? null;
    attempts.set(attemptId, { ...row, claim, state: 'void' });
  } else if (record.by === 'proof') {
    attempts.set(attemptId, { ...row, userId: record.userId ?? null, state: 'registered' });
  } else attempts.set(attemptId, { ...row, state: 'gone' });
}

function takeEvent({ users, owners, attempts, erasures }: Rows, entry: ProjectedEvent): void {
  if (entry.personal === 'erased') return;
  const { event, position, metadata } = entry;
  const { userId, accountVersion: version } = metadata;
  const giveUp = () => {
    for (const [k, owner] of owners) if (owner.userId === userId) owners.delete(k);
  };
  const own = (k: string) => {
    giveUp();
    owners.set(k, { userId, position });
  };
  const row = users.get(userId);
  const set = (columns: Partial<UserRow>) => {
    if (row !== undefined) users.set(userId, { ...row, ...columns, version, position });
  };
  switch (event.name) {
    case 'registered': {
      const { email, claim, displayName, profile } = event.personal;
      const { locale, termsVersion, emailVerified } = event.data;
      users.set(userId, {
        userId,
        email,
        claim,
        emailVerified,
        displayName,
        locale,
        termsVersion,
        profile,
        status: 'active',
        registeredAt: metadata.time,
        version,
        position,
      });
      own(claim);
      break;
    }
    case 'email-verified':
      set({ emailVerified: true });
      break;
    case 'email-changed':
      set({ ...event.personal, emailVerified: true });
      own(event.personal.claim);
      break;
    case 'profile-updated':
      set({ ...event.personal, locale: event.data.locale });
      break;
    case 'deactivated':
      set({ status: 'deactivated' });
      if (event.data.address === 'released') giveUp();
      break;
    case 'reactivated':
      set({ status: 'active' });
      break;
    case 'erased':
      erasures.set(userId, position);
      users.delete(userId);
      giveUp();
      for (const [id, attempt] of attempts) {
        if (attempt.userId !== userId) continue;
        attempts.set(id, { ...attempt, state: 'gone', userId: null });
      }
      break;
    case 'email-change-requested':
    case 'email-change-cancelled':
      set({});
      break;
    default:
      event satisfies never;
  }
}
