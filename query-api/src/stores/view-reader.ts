import {
  AppError,
  type Clock,
  type Freshness,
  REPLICA_AFTER_MS,
  type ViewCache,
  type View,
  type ViewKind,
} from '@zameni/runtime';
import type { OptionalViewStore, StoredView, ViewStore } from './view-store.ts';

/** Which view is asked for, and how fresh it must be. */
export type ViewQuery = {
  readonly kind: ViewKind;
  readonly id: string;
  /** The answer covers at least this position; undefined: any will do. */
  readonly minPosition: number | undefined;
  /** Milliseconds to wait for that position. */
  readonly waitMs: number;
  /** The reader has gone away. */
  readonly signal: AbortSignal;
};

/** A view, or that there is none, with the position that the answer covers. */
export type ViewAnswer = {
  readonly position: number;
  readonly view: View;
  /** Set when it comes from the cache. */
  readonly ageMs?: number;
};

/** Answers a query, or throws `store-unavailable`, `projection-lagging` or `overloaded`. */
export type ReadView = (query: ViewQuery) => Promise<ViewAnswer>;

/** The stores a view is read from. */
export type ViewReaderOptions = {
  readonly cache: ViewCache;
  readonly replica: OptionalViewStore;
  readonly primary: ViewStore;
  readonly freshness: Freshness;
  readonly clock: Clock;
};

/**
 * Milliseconds the cache alone is waited for while its watermark is behind: asking the replica for
 * what it cannot have yet would cost more than the whole answer.
 */
const CACHE_FIRST_MS = REPLICA_AFTER_MS;

/**
 * Reads cache, replica, primary, in this order; registrations, which are asked for seldom, are not
 * cached. An answer from behind `minPosition` is never given:
 * cache and replica are waited for, then the primary is asked once, then it is an error that says
 * so. That there is no view is believed of the replica only at a position the caller named;
 * without one the primary is asked, because "not yet" told as "not found" is the worse failure.
 */
export function createViewReader(options: ViewReaderOptions): ReadView {
  const { cache, replica, primary, freshness, clock } = options;

  async function fromCache(query: ViewQuery): Promise<ViewAnswer | undefined> {
    if (!isCached(query)) return undefined;
    const found = await cache.read(query.kind, query.id);
    if (found === undefined || !covers(found, query)) return undefined;
    return found;
  }

  async function fromReplica(query: ViewQuery): Promise<StoredView | undefined> {
    return keep(await replica.read(query.kind, query.id), query);
  }

  async function fromPrimary(query: ViewQuery): Promise<StoredView> {
    try {
      return await keep(await primary.read(query.kind, query.id), query);
    } catch (cause) {
      throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
    }
  }

  /** Offers to the cache what was found, and passes it on; of what is absent there is no end. */
  async function keep<T extends StoredView | undefined>(stored: T, query: ViewQuery): Promise<T> {
    if (stored !== undefined && stored.view !== 'absent' && isCached(query)) {
      const { kind, id } = query;
      // Not waited for: a slow cache must not slow the answer. It never rejects.
      void cache.offer({ kind, id, ...stored });
    }
    return stored;
  }

  async function afterWaiting(
    query: ViewQuery,
    position: number,
    deadlineMs: number,
  ): Promise<ViewAnswer | undefined> {
    let cacheCounts = isCached(query);
    for (;;) {
      const { signal } = query;
      const reached = await freshness.wait({ position, deadlineMs, cacheCounts, signal });
      if (reached === 'late') return undefined;
      const answer = reached === 'cache' ? await fromCache(query) : await fromReplica(query);
      if (answer !== undefined && covers(answer, query)) return answer;
      // The watermark is there but this entry is not in the cache, so it will not come by waiting.
      if (reached === 'cache') cacheCounts = false;
    }
  }

  /** True when the projection is known not to be there yet, so that no store can be. */
  async function isBehind(position: number): Promise<boolean> {
    const watermark = await cache.watermark();
    return watermark !== undefined && watermark < position;
  }

  return async (query) => {
    const { minPosition, waitMs } = query;
    const deadlineMs = clock.now() + waitMs;
    const cached = await fromCache(query);
    if (cached !== undefined) return cached;
    const mayWait = isCached(query) && waitMs > 0;
    if (minPosition !== undefined && mayWait && (await isBehind(minPosition))) {
      const soonMs = Math.min(deadlineMs, clock.now() + CACHE_FIRST_MS);
      const soon = await afterWaiting(query, minPosition, soonMs);
      if (soon !== undefined) return soon;
    }
    const first = await fromReplica(query);
    if (first !== undefined && covers(first, query)) {
      if (isLasting(first, query) || minPosition !== undefined) return first;
    }
    if (minPosition === undefined) return fromPrimary(query);
    // Without the replica there may be nothing to wait for; the primary may well be there already.
    const early = first === undefined ? await fromPrimary(query) : undefined;
    if (early !== undefined && covers(early, query)) return early;
    const waited = await afterWaiting(query, minPosition, deadlineMs);
    if (waited !== undefined) return waited;
    const late = waitMs === 0 && early !== undefined ? early : await fromPrimary(query);
    if (!covers(late, query)) throw new AppError('projection-lagging', { retryAfterSeconds: 1 });
    return late;
  };
}

function isCached({ kind }: ViewQuery): boolean {
  return kind === 'user';
}

/** Whether a later answer cannot be that there is something: a gone attempt may be made again. */
function isLasting({ view }: StoredView, { kind }: ViewQuery): boolean {
  return typeof view !== 'string' || (view === 'erased' && kind === 'user');
}

function covers(answer: { readonly position: number }, { minPosition }: ViewQuery): boolean {
  return minPosition === undefined || answer.position >= minPosition;
}
