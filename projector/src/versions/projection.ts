import { randomUUID } from 'node:crypto';
import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import {
  type DataKeys,
  DEADLINES,
  type EventLog,
  type HeadWatch,
  type Logger,
  type Pool,
  type Redis,
  systemClock,
  viewCacheKeys,
} from '@zameni/runtime';
import { createCacheFeed } from '../cache/feed.ts';
import { gateCacheFeed } from '../cache/gate.ts';
import { measureCacheFeed } from '../cache/measured-feed.ts';
import { createViewCacheWriter } from '../cache/writer.ts';
import { followLog } from '../follow/follow-log.ts';
import { createProjectionMetrics } from '../follow/metrics.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import { createLeasedWork, type LeasedRun, type LeasedWork } from '../lease/work.ts';
import { createAttemptHousekeeping } from '../read-models/attempts/housekeeping.ts';
import { createAttemptStore } from '../read-models/attempts/rows.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import { createPostgresStore } from '../read-models/store-postgres.ts';
import { finishRebuild } from './rebuild.ts';
import type { VersionStore } from './store.ts';
import type { Version } from './version.ts';

/** What the projection of one version needs. */
export type ProjectionOptions = {
  /** The version as it was read last. */
  readonly version: () => Version;
  /** The numbers of all versions. */
  readonly versions: () => readonly number[];
  readonly log: Pick<EventLog, 'readBatches' | 'readSubject' | 'countRecords' | 'head' | 'readAt'> &
    Parameters<typeof createPeopleKeys>[0]['log'];
  readonly head: HeadWatch;
  readonly pool: Pool;
  readonly redis: Redis;
  readonly versionStore: VersionStore;
  readonly dataKeys: DataKeys;
  /** Names this process in the lease. */
  readonly holder: string;
  readonly logger: Logger;
};

/** People whose opened data keys are cached, about 0.3 KB each. */
const MAX_KEYS = 50_000;

/**
 * Creates the work that projects the log into one version of the read models while its lease is
 * ours. Only the live version is written to the cache, because only it has readers.
 */
export function createProjection(options: ProjectionOptions): LeasedWork & AsyncDisposable {
  const { log, head, pool, redis, versions, versionStore, dataKeys, holder, logger } = options;
  const { version } = options.version();
  const isLive = () => options.version().state === 'live';
  const owner = { projection: ACCOUNTS_PROJECTION, version, holder, leaseMs: DEADLINES.lease };
  const keysOf = (of: number) => viewCacheKeys(ACCOUNTS_PROJECTION, of);
  const writer = createViewCacheWriter({ redis, keys: keysOf(version) });
  const feed = createCacheFeed({ writer, newEpochId: randomUUID, now: systemClock.now, logger });
  const attempts = createAttemptStore(pool, version);
  const housekeeping = createAttemptHousekeeping({ store: attempts, logger, now: systemClock.now });
  const store = createPostgresStore(pool, owner);
  const isActive = () => leased.status().state === 'active';
  const cache = measureCacheFeed(gateCacheFeed(feed, isLive), {
    isActive: () => isActive() && isLive(),
    now: Date.now,
  });
  const metrics = createProjectionMetrics({
    version: options.version,
    head,
    isActive,
    now: Date.now,
  });
  const following = {
    log,
    store,
    keys: createPeopleKeys({ log, dataKeys }, { maxKeys: MAX_KEYS }),
    cache,
    evict: async (userIds: readonly string[]) => {
      // Of every version that ever was: entries outlive a version by an hour. Without its watermark
      // nothing of it is trusted or filled in.
      const others = Array.from({ length: Math.max(version, ...versions()) }, (_, n) => n + 1);
      const keys = others
        .filter((other) => other !== version)
        .map(keysOf)
        .flatMap(({ watermark, entry }) => [watermark, ...userIds.map((id) => entry('user', id))]);
      if (keys.length > 0) await redis.del(keys);
    },
    housekeeping,
    isLive,
    version,
    head,
    metrics,
    logger,
  };

  async function work(run: LeasedRun): Promise<void> {
    const { selected, carriedPosition } = options.version();
    const position = carriedPosition ?? (await versionStore.carryOver(version));
    const ending = new AbortController();
    const finished = finishRebuild(
      { store: versionStore, head: log.head, version: options.version, logger },
      AbortSignal.any([run.signal, ending.signal]),
    );
    try {
      const carried = { position, selected };
      await followLog({ ...following, fold: (records) => toRowChanges(records, carried) }, run);
    } finally {
      ending.abort();
      await finished;
    }
  }

  const leased = createLeasedWork({
    name: 'projection',
    version,
    store,
    work,
    movesCheckpoint: true,
    logger,
  });
  return {
    ...leased,
    [Symbol.asyncDispose]: async () => {
      cache[Symbol.dispose]();
      metrics[Symbol.dispose]();
      await housekeeping[Symbol.asyncDispose]();
    },
  };
}
