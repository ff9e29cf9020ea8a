import {
  AppError,
  type Clock,
  createCounter,
  type Freshness,
  METRICS,
  type NoteWait,
  REPLICA_AFTER_MS,
  startAtZero,
  type ViewCache,
  type ViewKind,
} from '@zameni/runtime';
import type { OptionalViewStore, StoredView, ViewStore } from './store.ts';

/** The view to read, and how fresh it must be. */
export type ViewQuery = {
  readonly kind: ViewKind;
  readonly id: string;
  /** The answer covers at least this position; undefined accepts any position. */
  readonly minPosition: number | undefined;
  /** Milliseconds to wait for that position. */
  readonly waitMs: number;
  /** Aborts if the reader disconnects. */
  readonly signal: AbortSignal;
  readonly noteWait: NoteWait;
};

/** A view, or why there is none, and the position that the answer covers. */
export type ViewAnswer = StoredView & {
  /** Age in milliseconds, if the view is from the cache. */
  readonly ageMs?: number;
};

/**
 * Answers a query. Throws `store-unavailable`, `projection-lagging`, `account-parked` or
 * `overloaded`.
 */
export type ReadView = (query: ViewQuery) => Promise<ViewAnswer>;

/** The position that a reader waits for, and the end of the wait. */
type Wanted = {
  readonly position: number;
  readonly deadlineMs: number;
  /** Whether the projection is known to have the position, so that only the replica is awaited. */
  readonly isReached?: boolean;
};

/** An answer, and the store that gave it. */
const SOURCES = ['cache', 'replica', 'primary'] as const;

type Sourced<Answer> = Answer & { readonly source: (typeof SOURCES)[number] };

/** The stores a view is read from. */
export type ViewReaderOptions = {
  readonly cache: ViewCache;
  readonly replica: OptionalViewStore;
  readonly primary: ViewStore;
  readonly freshness: Freshness;
  readonly clock: Clock;
};

/**
 * Milliseconds to wait for the cache alone while its watermark is behind. The replica is behind too
 * then, and a useless read of it costs more than the whole answer.
 */
const CACHE_FIRST_MS = REPLICA_AFTER_MS;

/**
 * Milliseconds that the replica still has once the projection is known to have the position, or
 * nothing is known of it. A replica that keeps up needs less. After that the primary is asked.
 */
const REPLICA_GRACE_MS = 100;

/** Seconds after which a retry may find that an operator has dealt with a parked account. */
const PARKED_RETRY_SECONDS = 60;

/**
 * Reads cache, replica and primary, in this order. Registrations are read seldom and not cached. An
 * answer never covers less than `minPosition`: the reader waits for cache and replica. The primary
 * is read soon after the projection has reached the position, or at the end of the wait. Then it
 * throws `projection-lagging`. A missing view on the replica counts only
 * with a `minPosition`. Otherwise the primary is read, because "not found" for "not yet" is the
 * worse failure.
 *
 * A view of a parked account covers nothing from its first waiting record on, and is never "not
 * found". To wait for more is useless, so the primary decides at once: it knows a redrive before the
 * replica does.
 */
export function createViewReader(options: ViewReaderOptions): ReadView {
  const { cache, replica, primary, freshness, clock } = options;
  const countRead = createCounter(METRICS.store.reads);
  startAtZero(
    METRICS.store.reads,
    SOURCES.map((source) => ({ 'zameni.read.source': source })),
  );

  /** `parked` is no answer, but says that to wait for the cache is useless. */
  async function fromCache(query: ViewQuery): Promise<Sourced<ViewAnswer> | 'parked' | undefined> {
    if (!isCached(query)) return undefined;
    const found = await cache.read(query.kind, query.id, query.minPosition);
    if (found === undefined) return undefined;
    const { view, ...place } = found;
    return view === 'parked' ? 'parked' : { view, ...place, source: 'cache' };
  }

  async function fromReplica(query: ViewQuery): Promise<Sourced<StoredView> | undefined> {
    const stored = await replica.read(query.kind, query.id);
    return stored && { ...offer(stored, query), source: 'replica' };
  }

  async function fromPrimary(query: ViewQuery): Promise<Sourced<StoredView>> {
    try {
      const stored = await primary.read(query.kind, query.id);
      return { ...offer(stored, query), source: 'primary' };
    } catch (cause) {
      throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
    }
  }

  /**
   * Offers a found view to the cache. Missing ones are not cached: their number has no bound. Parked
   * ones are not, because a settled entry would cover what waits.
   */
  function offer(stored: StoredView, query: ViewQuery): StoredView {
    if (stored.view === 'absent') return stored;
    if (stored.parkedAt === undefined && isCached(query)) {
      const { kind, id } = query;
      // Not awaited: a slow cache must not delay the answer. It never rejects.
      void cache.offer({ kind, id, ...stored });
    }
    return stored;
  }

  /**
   * Undefined if it is too late, if the account is parked, or if the projection has the position and
   * neither cache nor replica has the answer.
   */
  async function afterWaiting(
    query: ViewQuery,
    { position, deadlineMs, isReached = false }: Wanted,
  ): Promise<Sourced<ViewAnswer> | undefined> {
    const { signal, noteWait } = query;
    let cacheCounts = !isReached;
    let lastMs = deadlineMs;
    for (;;) {
      const wait = { position, deadlineMs: lastMs, cacheCounts, signal, noteWait };
      const reached = await freshness.wait(wait);
      if (reached === 'late') return undefined;
      const answer = reached === 'cache' ? await fromCache(query) : await fromReplica(query);
      if (answer === 'parked') return undefined;
      if (answer !== undefined && isAnswer(answer, query)) return answer;
      if (answer?.parkedAt !== undefined) return undefined;
      if (reached === 'replica') continue;
      // The projection has the position but the cache lacks the entry: only the replica may come.
      cacheCounts = false;
      lastMs = Math.min(deadlineMs, clock.now() + REPLICA_GRACE_MS);
    }
  }

  /**
   * Waits for cache and replica, and asks the primary after that: as soon as the projection is known
   * to have the position, or if nothing is known of it, and at the end of the wait.
   */
  async function waitAndDecide(query: ViewQuery, wanted: Wanted): Promise<Sourced<ViewAnswer>> {
    const { position, deadlineMs } = wanted;
    const isKnown = (await cache.watermark()) !== undefined;
    const soonMs = isKnown ? deadlineMs : Math.min(deadlineMs, clock.now() + REPLICA_GRACE_MS);
    const soon = await afterWaiting(query, { position, deadlineMs: soonMs });
    if (soon !== undefined) return soon;
    const early = await fromPrimary(query);
    const isOver = clock.now() >= deadlineMs || early.parkedAt !== undefined;
    if (isOver || isAnswer(early, query)) return toAnswer(early, query);
    // The primary is behind the watermark, or the watermark is unknown.
    const late = await afterWaiting(query, { position, deadlineMs, isReached: true });
    return late ?? toAnswer(await fromPrimary(query), query);
  }

  /** True if the projection has not reached the position, so that no store has. */
  async function isBehind(position: number): Promise<boolean> {
    const watermark = await cache.watermark();
    return watermark !== undefined && watermark < position;
  }

  async function find(query: ViewQuery): Promise<Sourced<ViewAnswer>> {
    const { minPosition, waitMs } = query;
    const deadlineMs = clock.now() + waitMs;
    const cached = await fromCache(query);
    if (cached !== undefined && cached !== 'parked') return cached;
    const mayWait = isCached(query) && waitMs > 0 && cached !== 'parked';
    if (minPosition !== undefined && mayWait && (await isBehind(minPosition))) {
      const soonMs = Math.min(deadlineMs, clock.now() + CACHE_FIRST_MS);
      const soon = await afterWaiting(query, { position: minPosition, deadlineMs: soonMs });
      if (soon !== undefined) return soon;
    }
    const first = await fromReplica(query);
    if (first !== undefined && isAnswer(first, query)) {
      if (isLasting(first, query) || minPosition !== undefined) return first;
    }
    if (minPosition === undefined) return toAnswer(await fromPrimary(query), query);
    // Without the replica waiting may be useless, and the primary may have the position already.
    const isParked = cached === 'parked' || first?.parkedAt !== undefined;
    const early = isParked || first === undefined ? await fromPrimary(query) : undefined;
    if (early?.parkedAt !== undefined) return toAnswer(early, query);
    if (early !== undefined && isAnswer(early, query)) return early;
    if (waitMs === 0 && early !== undefined) return toAnswer(early, query);
    if (waitMs === 0) return toAnswer(await fromPrimary(query), query);
    return waitAndDecide(query, { position: minPosition, deadlineMs });
  }

  return async (query) => {
    const { source, ...answer } = await find(query);
    countRead({ 'zameni.read.source': source });
    return answer;
  };
}

/** Returns what the primary said if it answers the query, and throws otherwise. */
function toAnswer<Stored extends StoredView>(stored: Stored, query: ViewQuery): Stored {
  if (isAnswer(stored, query)) return stored;
  if (stored.parkedAt === undefined) {
    throw new AppError('projection-lagging', { retryAfterSeconds: 1 });
  }
  const detail =
    stored.view === 'absent'
      ? 'Nothing of it is readable until an operator redrives or discards the record: `zameni parked show ID`'
      : 'An operator must redrive or discard the record: `zameni parked show ID`. Without Min-Position the state before it is readable';
  throw new AppError('account-parked', { detail, retryAfterSeconds: PARKED_RETRY_SECONDS });
}

/** Whether a view answers the query. A parked account without a row is not "not found". */
function isAnswer(answer: StoredView, query: ViewQuery): boolean {
  const { kind } = query;
  const { view, parkedAt } = answer;
  if (kind === 'user' && view === 'absent' && parkedAt !== undefined) return false;
  return covers(answer, query);
}

function isCached({ kind }: ViewQuery): boolean {
  return kind === 'user';
}

/** True if a later position cannot turn "not found" into a view. An ended attempt may come again. */
function isLasting({ view }: StoredView, { kind }: ViewQuery): boolean {
  return typeof view !== 'string' || (view === 'erased' && kind === 'user');
}

function covers(answer: { readonly position: number }, { minPosition }: ViewQuery): boolean {
  return minPosition === undefined || answer.position >= minPosition;
}
