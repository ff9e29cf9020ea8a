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

/** The people's part of a batch on rows in memory; answers the rows it changed. */
export function applyToMemory(
  { users, erasures }: Pick<SharedCheckpoint, 'users' | 'erasures'>,
  { patches, removals, erasures: rows }: RowChanges,
): UserRow[] {
  const changed = patches.flatMap((patch) => {
    const row = patchRow(users.get(patch.userId), patch);
    if (row !== undefined) users.set(patch.userId, row);
    return row ?? [];
  });
  for (const { userId } of removals) users.delete(userId);
  for (const row of rows) erasures.set(row.userId, row);
  return changed;
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
  const standing = either(patch.standing, old?.standing);
  return { view, standing, claim: patch.claim ?? old?.claim ?? null, position: patch.position };
}

function either<Value>(next: Value | null, before: Value | undefined): Value {
  const value = next ?? before;
  if (value === undefined) throw new Error('a patch has left a row incomplete');
  return value;
}
