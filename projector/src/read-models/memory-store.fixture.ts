import type { Anchor } from '../anchors/anchor.ts';
import { eraseAccount, keepClaim } from './attempts/fold.ts';
import type { Park } from '../parking/changes.ts';
import type { AttemptRow } from './attempts/rows.ts';
import type { ErasureRow } from './erasures/rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { ProjectionStore, RowBatch } from './store.ts';
import { toBegunRow, type UserPatch } from './users/fold.ts';
import type { UserRow } from './users/rows.ts';

/** A checkpoint, a lease and rows that several stores share, as processes share a database. */
export type SharedCheckpoint = {
  position: number;
  holder: string | undefined;
  anchors: readonly Anchor[];
  isOfOtherLog: boolean;
  applied: RowBatch[];
  readonly users: Map<string, UserRow>;
  readonly attempts: Map<string, AttemptRow>;
  readonly erasures: Map<string, ErasureRow>;
  readonly erasedFromCache: Set<string>;
  readonly parked: Map<string, Park>;
  readonly discarded: Set<number>;
  /** Subjects that are to be tried again. */
  readonly requested: Set<string>;
  /** The trace context of the request. */
  traceparent: string | null;
};

/** Creates a checkpoint that no process holds. */
export function createSharedCheckpoint(): SharedCheckpoint {
  return {
    position: 0,
    holder: undefined,
    anchors: [],
    isOfOtherLog: false,
    applied: [],
    users: new Map(),
    attempts: new Map(),
    erasures: new Map(),
    erasedFromCache: new Set(),
    parked: new Map(),
    discarded: new Set(),
    requested: new Set(),
    traceparent: null,
  };
}

const REQUESTED_AT = '2026-03-04 05:06:07.089+00';

/** Creates the store of one process on a shared checkpoint; its lease never expires. */
export function createMemoryStore(shared: SharedCheckpoint, me: string): ProjectionStore {
  return {
    takeLease: async () => {
      if (shared.holder !== undefined && shared.holder !== me) return undefined;
      shared.holder = me;
      return shared.position;
    },
    renewLease: async (atLeast) => shared.holder === me && shared.position >= atLeast,
    releaseLease: async () => {
      if (shared.holder === me) shared.holder = undefined;
    },
    readPosition: async () => shared.position,
    apply: async (batch) => {
      if (shared.holder !== me || shared.position !== batch.from) return undefined;
      shared.position = batch.to;
      shared.anchors = batch.anchors ?? shared.anchors;
      shared.applied.push(batch);
      parkInMemory(shared, batch);
      return applyToMemory(shared, batch.changes);
    },
    readAnchors: async () => ({ anchors: shared.anchors, isOfOtherLog: shared.isOfOtherLog }),
    noteOtherLog: async (isOfOtherLog) => {
      shared.isOfOtherLog = isOfOtherLog;
    },
    findRejection: async () => undefined,
    readParked: async () =>
      new Map(
        [...shared.parked.values()].map(({ subject, position, reason }) => [
          subject,
          { position, reason },
        ]),
      ),
    redriveNewer: async () => {
      for (const { subject, reason } of shared.parked.values()) {
        if (reason === 'newer') shared.requested.add(subject);
      }
    },
    readDiscarded: async () => new Set(shared.discarded),
    readRedriveRequests: async () =>
      [...shared.parked.values()].flatMap((park) =>
        shared.requested.has(park.subject)
          ? [{ ...park, redriveRequestedAt: REQUESTED_AT, traceparent: shared.traceparent }]
          : [],
      ),
    readErasuresNotInCache: async () =>
      [...shared.erasures.values()].filter(({ userId }) => !shared.erasedFromCache.has(userId)),
    markErasedFromCache: async (userIds) => {
      for (const userId of userIds) shared.erasedFromCache.add(userId);
    },
  };
}

function parkInMemory({ parked, requested }: SharedCheckpoint, { parking }: RowBatch): void {
  for (const { subject } of parking?.unparked ?? []) {
    parked.delete(subject);
    requested.delete(subject);
  }
  for (const park of parking?.parks ?? []) {
    parked.set(park.subject, park);
    requested.delete(park.subject);
  }
  for (const { subject, lastPosition, waiting } of parking?.waits ?? []) {
    const park = parked.get(subject);
    if (park === undefined) throw new Error('a record waits for a subject that is not parked');
    parked.set(subject, { ...park, lastPosition, waiting: park.waiting + waiting });
  }
}

/** Applies a batch to rows in memory, without owners of addresses. Returns the changed people. */
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

function patchRow(before: UserRow | undefined, patch: UserPatch): UserRow | undefined {
  if (before === undefined) return toBegunRow(patch);
  const { ownedAt: _ownedAt, releasedAt: _releasedAt, baseVersion: _base, ...columns } = patch;
  return { ...before, ...columns };
}
