import { createBreaker } from '../async/circuit-breaker.ts';
import { withDeadline } from '../async/retry.ts';
import type { Logger } from '../process/logger.ts';
import { decodeEntry, encodeEntry, type View } from './entry.ts';
import type { Redis } from './redis.ts';
import { fillEntryScript, runScript } from './scripts.ts';

/** What a view is of: a person, or how a registration stands. Only people's are cached. */
export type ViewKind = 'user' | 'registration';

/** A cached view, the position up to which it is known to be complete, and its age. */
export type CachedView = {
  readonly view: View;
  readonly position: number;
  readonly ageMs: number;
};

/** A view found in the database, complete up to `position`. */
export type ViewFill = {
  readonly kind: ViewKind;
  readonly id: string;
  readonly position: number;
  readonly view: View;
};

/** The reading side of the view cache: never fails, a cache that is away only finds nothing. */
export type ViewCache = {
  readonly read: (kind: ViewKind, id: string) => Promise<CachedView | undefined>;
  /** Offers what a database answered; kept unless what is there is newer. */
  readonly offer: (view: ViewFill) => Promise<void>;
  /** Position up to which every settled entry is complete; undefined while nothing is trusted. */
  readonly watermark: () => Promise<number | undefined>;
};

/** Where the views of one version of a projection lie in Redis. */
export type ViewCacheKeys = {
  readonly watermark: string;
  readonly entry: (kind: ViewKind, id: string) => string;
};

/** What the reading side needs. */
export type ViewCacheOptions = {
  readonly redis: Redis;
  readonly keys: ViewCacheKeys;
  readonly logger: Logger;
  readonly now?: () => number;
};

/** Milliseconds an entry lives: personal data is in Redis for one hour at most, by design. */
export const ENTRY_LIFETIME_MS = 3_600_000;

/** Milliseconds that a fill from behind the watermark lives. */
export const BEHIND_LIFETIME_MS = 5_000;

/** Milliseconds a read waits for Redis: beyond it the database is the faster way. */
const READ_DEADLINE_MS = 100;

/**
 * The keys of a projection's version. A fill touches the entry and the watermark in one step, so on
 * a Redis Cluster both would need one hash tag, that is one slot: a watermark for each slot.
 */
export function viewCacheKeys(projection: string, version: number, prefix = ''): ViewCacheKeys {
  const base = `${prefix}zameni:${projection}:v${version}`;
  return { watermark: `${base}:watermark`, entry: (kind, id) => `${base}:${kind}:${id}` };
}

/**
 * Reads views from Redis. Invariant, kept with projector/src/cache/writer.ts: while the watermark says
 * (epoch, W), every settled entry of that epoch holds all events up to W of its person. So the
 * watermark is read first and the entry after it on the same connection; the other way round an
 * entry from before an event could be taken to cover it, which is the worse failure.
 */
export function createViewCache(options: ViewCacheOptions): ViewCache {
  const { redis, keys, logger, now = Date.now } = options;
  const breaker = createBreaker({
    failuresToOpen: 3,
    openMs: 500,
    now,
    onOpen: (error) => logger.warn({ error }, 'cache does not answer, reading without it'),
    onClose: () => logger.info('cache answers again'),
  });
  async function ask<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (redis.status !== 'ready') return undefined;
    return breaker.run(() =>
      withDeadline(work(), READ_DEADLINE_MS, () => new Error('the cache did not answer in time')),
    );
  }

  return {
    read: (kind, id) =>
      ask(async () => {
        const [watermark, entry] = await Promise.all([
          redis.hmget(keys.watermark, 'epoch', 'position'),
          redis.hmget(keys.entry(kind, id), 'e', 'p', 's', 'v', 't', 'b'),
        ]);
        return toCachedView(watermark, entry, now());
      }),
    offer: async ({ kind, id, position, view }) => {
      const content = encodeEntry(view);
      const values = [position, ...content, now(), ENTRY_LIFETIME_MS, BEHIND_LIFETIME_MS];
      await ask(() =>
        runScript(redis, fillEntryScript, [keys.entry(kind, id), keys.watermark], values),
      );
    },
    watermark: () =>
      ask(async () => {
        const position = await redis.hget(keys.watermark, 'position');
        return position === null ? undefined : Number(position);
      }),
  };
}

type Fields = readonly (string | null)[];

function toCachedView(
  [epoch, watermark]: Fields,
  [entryEpoch, position, settled, version, writtenAt, body]: Fields,
  nowMs: number,
): CachedView | undefined {
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
