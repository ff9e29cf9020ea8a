import { redisKeys } from '@zameni/contracts';
import { systemClock } from '../async/clock.ts';
import { createBreaker } from '../async/circuit-breaker.ts';
import { withDeadline } from '../async/retry.ts';
import { DEADLINES } from '../process/deadlines.ts';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { createCounter, startAtZero } from '../telemetry/metrics.ts';
import type { Logger } from '../process/logger.ts';
import { decodeEntry, encodeEntry, type View } from './entry.ts';
import type { Redis } from './redis.ts';
import { fillEntryScript, runScript } from './scripts.ts';
import { Fault } from '../errors.ts';

/**
 * What a view shows: a person, or the status of a registration. Only views of people are cached.
 */
export type ViewKind = 'user' | 'registration';

/**
 * A cached view, the version of the read models that it is from, the position it covers, and its age
 * in milliseconds.
 */
export type CachedView = {
  readonly view: View;
  readonly modelVersion: number;
  readonly position: number;
  readonly ageMs: number;
};

/** A view for the cache: what a database knows, complete up to `position`. */
export type ViewFill = {
  readonly kind: ViewKind;
  readonly id: string;
  readonly position: number;
  readonly view: View;
};

/** A view that a reader found in a database, and the version of the read models that it is from. */
export type ViewOffer = ViewFill & { readonly modelVersion: number };

/**
 * The reading side of the view cache. It never rejects: an unavailable cache finds nothing. Each
 * version of the read models has entries and a watermark of its own.
 */
export type ViewCache = {
  /**
   * Reads a view of the live version. Undefined if it does not cover `minPosition`. `parked` has no
   * position.
   */
  readonly read: (
    kind: ViewKind,
    id: string,
    minPosition?: number,
  ) => Promise<CachedView | undefined>;
  /** Offers a view from a database to its own version. It is stored unless a newer one is. */
  readonly offer: (view: ViewOffer) => Promise<void>;
  /**
   * The position that every settled entry of the live version covers; undefined while no entry is
   * trusted.
   */
  readonly watermark: () => Promise<number | undefined>;
};

/** The Redis keys of the views of one version of a projection. */
export type ViewCacheKeys = {
  readonly watermark: string;
  readonly entry: (kind: ViewKind, id: string) => string;
};

/** What the reading side needs. `now` is in milliseconds since 1970. */
export type ViewCacheOptions = {
  readonly redis: Redis;
  readonly keys: (modelVersion: number) => ViewCacheKeys;
  /** The live version. While it is unknown, nothing is found. */
  readonly liveVersion: () => number | undefined;
  readonly logger: Logger;
  /** Milliseconds a read or an offer waits for Redis; without it 100. */
  readonly deadlineMs?: number;
  readonly now?: () => number;
};

/** Milliseconds an entry lives: Redis holds personal data for at most one hour. */
export const ENTRY_LIFETIME_MS = 3_600_000;

/** The default of `deadlineMs`. A database answers faster than that. */
const READ_DEADLINE_MS = 100;

/**
 * The Redis keys of a projection's version. A fill reads the watermark and writes the entry in one
 * step. On a Redis Cluster both would need the same slot, so each slot would need a watermark.
 */
export function viewCacheKeys(projection: string, version: number): ViewCacheKeys {
  return {
    watermark: redisKeys.watermark(projection, version),
    entry: (kind, id) => redisKeys.view(projection, version, kind, id),
  };
}

/**
 * Reads views from Redis. Invariant, kept with projector/src/cache/writer.ts: while the watermark
 * is (epoch, W), every settled entry of that epoch includes all events of its person up to W. So it
 * reads the watermark first and then the entry, on the same connection. In the other order an entry
 * from before an event could seem to cover it, which is the worse failure.
 */
export function createViewCache(options: ViewCacheOptions): ViewCache {
  const {
    redis,
    keys,
    liveVersion,
    logger,
    deadlineMs = READ_DEADLINE_MS,
    now = Date.now,
  } = options;
  const breaker = createBreaker({
    name: 'cache',
    failuresToOpen: 3,
    openMs: 500,
    now: systemClock.now,
    onOpen: (error) => logger.warn({ error }, 'cache does not answer, reading without it'),
    onClose: () => logger.info({}, 'cache answers again'),
  });
  const countRequest = createCounter(METRICS.store.cacheRequests);
  startAtZero(
    METRICS.store.cacheRequests,
    RESULTS.map((result) => ({ 'zameni.cache.result': result })),
  );

  async function ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (redis.status !== 'ready') return undefined;
    return breaker.run(() =>
      withDeadline(work(), deadlineMs, () => new Fault('the cache did not answer in time')),
    );
  }

  async function look(modelVersion: number, kind: ViewKind, id: string): Promise<Looked> {
    const of = keys(modelVersion);
    const [watermark, entry] = await Promise.all([
      redis.hmget(of.watermark, 'epoch', 'position'),
      redis.hmget(of.entry(kind, id), 'e', 'p', 's', 'v', 't', 'b'),
    ]);
    const found = toFoundView(watermark, entry, now());
    return { found: found && { ...found, modelVersion } };
  }

  return {
    read: async (kind, id, minPosition = 0) => {
      const modelVersion = liveVersion();
      const looked =
        modelVersion === undefined ? undefined : await ask(() => look(modelVersion, kind, id));
      const result = toResult(looked, minPosition);
      countRequest({ 'zameni.cache.result': result });
      return result === 'behind' ? undefined : looked?.found;
    },
    offer: async ({ kind, id, position, view, modelVersion }) => {
      const of = keys(modelVersion);
      const content = encodeEntry(view);
      const lifetimes = [ENTRY_LIFETIME_MS, DEADLINES.entryBehind];
      const values = [of.watermark, position, ...content, now(), ...lifetimes];
      await ask(() => runScript(redis, fillEntryScript, [of.entry(kind, id)], values));
    },
    watermark: async () => {
      const modelVersion = liveVersion();
      if (modelVersion === undefined) return undefined;
      return ask(async () => {
        const position = await redis.hget(keys(modelVersion).watermark, 'position');
        return position === null ? undefined : Number(position);
      });
    },
  };
}

/** An answer of the cache, with the view that it has. */
type Looked = { readonly found: CachedView | undefined };

/** What a look into the cache can find. */
const RESULTS = ['hit', 'miss', 'behind', 'parked', 'unavailable'] as const;

function toResult(looked: Looked | undefined, minPosition: number): (typeof RESULTS)[number] {
  if (looked === undefined) return 'unavailable';
  const { found } = looked;
  if (found === undefined) return 'miss';
  if (found.view === 'parked') return 'parked';
  return found.position >= minPosition ? 'hit' : 'behind';
}

type Fields = readonly (string | null)[];

function toFoundView(
  [epoch, watermark]: Fields,
  [entryEpoch, position, settled, version, writtenAt, body]: Fields,
  nowMs: number,
): Omit<CachedView, 'modelVersion'> | undefined {
  if (!epoch || epoch !== entryEpoch || typeof body !== 'string') return undefined;
  const view = decodeEntry(Number(version), body);
  if (view === undefined) return undefined;
  const own = Number(position);
  return {
    view,
    position: settled === '1' ? Math.max(own, Number(watermark)) : own,
    ageMs: Math.max(0, nowMs - Number(writtenAt)),
  };
}
