import { type AttemptRow, eraseAccount, keepClaim } from './attempts-projection.ts';
import type { ErasureRow } from './erasures-projection.ts';
import type { ProjectionStore, RowBatch } from './projection-store.ts';
import type { RowChanges } from './row-changes.ts';
import type { UserPatch, UserRow } from './users-projection.ts';

/** A checkpoint, a lease and rows that several stores share, as processes share a database. */
export type SharedCheckpoint = {
  position: number;
  holder: string | undefined;
  applied: RowBatch[];
  readonly users: Map<string, UserRow>;
  readonly attempts: Map<string, AttemptRow>;
  readonly erasures: Map<string, ErasureRow>;
  readonly erasedFromCache: Set<string>;
};

/** A checkpoint nobody holds. */
export function createSharedCheckpoint(): SharedCheckpoint {
  return {
    position: 0,
    holder: undefined,
    applied: [],
    users: new Map(),
    attempts: new Map(),
    erasures: new Map(),
    erasedFromCache: new Set(),
  };
}

/** One process's view of a shared checkpoint; its lease never runs out by itself. */
export function createMemoryStore(shared: SharedCheckpoint, me: string): ProjectionStore {
  return {
    takeLease: async () => {
      if (shared.holder !== undefined && shared.holder !== me) return undefined;
      shared.holder = me;
      return shared.position;
    },
    renewLease: async () => shared.holder === me,
    releaseLease: async () => {
      if (shared.holder === me) shared.holder = undefined;
    },
    readPosition: async () => shared.position,
    apply: async (batch) => {
      if (shared.holder !== me || shared.position !== batch.from) return undefined;
      shared.position = batch.to;
      shared.applied.push(batch);
      return applyToMemory(shared, batch.changes);
    },
    readErasuresNotInCache: async () =>
      [...shared.erasures.values()].filter(({ userId }) => !shared.erasedFromCache.has(userId)),
    markErasedFromCache: async (userIds) => {
      for (const userId of userIds) shared.erasedFromCache.add(userId);
    },
  };
}

/** A batch on rows in memory, addresses' owners left out; answers the people's rows it changed. */
export function applyToMemory(
  shared: Pick<SharedCheckpoint, 'users' | 'attempts' | 'erasures'>,
  changes: RowChanges,
): UserRow[] {
  const { users, erasures } = shared;
  const changed = changes.patches.flatMap((patch) => {
    const row = patchRow(users.get(patch.userId), patch);
    if (row !== undefined) users.set(patch.userId, row);
    return row ?? [];
  });
  for (const { userId } of changes.removals) users.delete(userId);
  for (const row of changes.erasures) erasures.set(row.userId, row);
  applyAttempts(shared, changes);
  return changed;
}

function applyAttempts({ attempts }: Pick<SharedCheckpoint, 'attempts'>, changes: RowChanges) {
  for (const [id, row] of attempts) {
    attempts.set(
      id,
      changes.erasures.reduce((before, { userId }) => eraseAccount(before, userId), row),
    );
  }
  for (const row of changes.attempts) {
    attempts.set(row.attemptId, keepClaim(row, attempts.get(row.attemptId)));
  }
}

function patchRow(old: UserRow | undefined, patch: UserPatch): UserRow | undefined {
  const before = old?.view;
  const registeredAt = patch.registeredAt ?? before?.registeredAt;
  // Only `registered` begins a row.
  if (registeredAt === undefined) return undefined;
  const view = {
    userId: patch.userId,
    email: either(patch.email, before?.email),
    emailVerified: either(patch.emailVerified, before?.emailVerified),
    displayName: either(patch.displayName, before?.displayName),
    locale: either(patch.locale, before?.locale),
    termsVersion: either(patch.termsVersion, before?.termsVersion),
    profile: either(patch.profile, before?.profile),
    status: either(patch.status, before?.status),
    registeredAt,
    version: patch.version,
  };
  return { view, claim: either(patch.claim, old?.claim), position: patch.position };
}

function either<Value>(next: Value | null, before: Value | undefined): Value {
  const value = next ?? before;
  if (value === undefined) throw new Error('a patch has left a row incomplete');
  return value;
}
