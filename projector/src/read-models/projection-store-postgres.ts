import type { Pool } from '@zameni/runtime';
import {
  type CheckpointOwner,
  readPosition,
  releaseLease,
  renewLease,
  takeLease,
} from '../lease/checkpoint.ts';
import { applyRows } from './apply-rows.ts';
import { markErasedFromCache, readErasuresNotInCache } from './erasures.ts';
import type { ProjectionStore } from './projection-store.ts';

/** The projection's rows, checkpoint and lease in Postgres, for the process named by `owner`. */
export function createPostgresStore(pool: Pool, owner: CheckpointOwner): ProjectionStore {
  return {
    takeLease: () => takeLease(pool, owner),
    renewLease: () => renewLease(pool, owner),
    releaseLease: () => releaseLease(pool, owner),
    readPosition: () => readPosition(pool, owner),
    apply: (batch) => applyRows(pool, owner, batch),
    readErasuresNotInCache: () => readErasuresNotInCache(pool),
    markErasedFromCache: (userIds) => markErasedFromCache(pool, userIds),
  };
}
