import {
  batchesOrIdle,
  delay,
  type EventLog,
  type HeadWatch,
  type Logger,
  type TimedRecord,
  systemClock,
} from '@zameni/runtime';
import { addAnchors } from '../anchors/anchor.ts';
import { createCompareLog } from '../anchors/compare-log.ts';
import type { CacheFeed } from '../cache/feed.ts';
import { createTombstoneWriter } from '../cache/tombstone-writer.ts';
import { toViewChanges } from '../cache/view-changes.ts';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { LeasedRun } from '../lease/work.ts';
import type { AttemptHousekeeping } from '../read-models/attempts/housekeeping.ts';
import { type Applied, applyOrPark } from '../parking/apply-or-park.ts';
import { createParking, type ParkingChanges } from '../parking/changes.ts';
import type { Fold } from '../parking/fold-or-park.ts';
import { placeOf } from '../parking/place.ts';
import { createRedrive } from '../parking/redrive.ts';
import { createWaitingReader } from '../parking/waiting.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { timeOf, toTraced } from '../read-models/traced.ts';
import { inBatchSpans } from '../traces/batch-spans.ts';
import type { ProjectionMetrics } from './metrics.ts';
import { readRecords } from './read-records.ts';

/** What following the log needs. */
export type FollowOptions = {
  readonly logger: Logger;
  readonly log: Pick<EventLog, 'readBatches' | 'readSubject' | 'countRecords' | 'head' | 'readAt'>;
  readonly keys: PeopleKeys;
  readonly store: ProjectionStore;
  readonly cache: CacheFeed;
  /** Deletes entries of people that other versions have left in the cache. Throws if it cannot. */
  readonly evict: (userIds: readonly string[]) => Promise<void>;
  readonly housekeeping: Pick<AttemptHousekeeping, 'run'>;
  /** Whether readers see these rows. Only then the work continues the traces of records. */
  readonly isLive: () => boolean;
  readonly version: number;
  readonly head: Pick<HeadWatch, 'readHead'>;
  readonly metrics: ProjectionMetrics;
  readonly idleMs?: number;
  readonly lingerMs?: number;
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
  /** The fold of the read models. Tests plant faults in it. */
  readonly fold?: Fold;
};

/**
 * Most parked subjects. More are a sign of a fault of the system, such as a missing key ring. Then
 * the projection stalls, because to stand still is better than to park everybody.
 */
const MAX_PARKED = 1_000;

/**
 * Most subjects that are parked because a later version wrote to them. They are no fault: an older
 * projector may be active while newer services write, and a projector of that version applies them.
 * So only the memory that they take, some 20 MB, bounds them.
 */
const MAX_NEWER = 100_000;

/** More subjects would be parked than may be. */
class TooManyParkedError extends Error {
  override readonly name = 'TooManyParkedError';
}

const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** Records of a usual commit; a larger batch holds several commits. */
const MAX_COMMIT_RECORDS = 5;

/** Milliseconds between batches under load: each batch costs some 2 ms of CPU, however small. */
const LINGER_MS = 4;

/** Milliseconds without a batch after which lease and watermark are renewed. */
const IDLE_MS = 1_000;

/**
 * Follows the whole log from a checkpoint while the lease is ours. For each batch: read, open,
 * apply rows and checkpoint together, write the cache. The checkpoint is the position of the last
 * record of a batch, of any kind. A record that cannot be projected parks its subject; everything
 * else goes on. Returns when the lease is lost or the signal aborts.
 *
 * Before the first batch, and when nothing comes, the anchors of the checkpoint are compared with the
 * log. If it has another history, this throws LogMismatchError, now and at every later try.
 */
export async function followLog(options: FollowOptions, run: LeasedRun): Promise<void> {
  const { log, store, cache, evict, keys, housekeeping, isLive, version, metrics, logger } =
    options;
  const { idleMs = IDLE_MS, lingerMs = LINGER_MS, now = Date.now, fold } = options;
  const { from, signal, onStep } = run;
  const tombstones = createTombstoneWriter({ store, cache, evict, now: systemClock.now });
  const redrive = createRedrive(options);
  const readWaiting = createWaitingReader(options);
  const readOptions = { filters: [], after: from, maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  const before = await store.readParked();
  const parked = new Map([...before].map(([subject, { position: at }]) => [subject, at]));
  const newer = new Set(
    [...before].flatMap(([each, { reason }]) => (reason === 'newer' ? each : [])),
  );
  if (newer.size > 0) await store.redriveNewer();
  const discarded = await store.readDiscarded();
  // Another run may have tried to apply what was in the log when this one began.
  const headAtStart = options.head.readHead();
  let position = from;
  const compareLog = createCompareLog({ log, store });
  let anchors = await compareLog.atStart(position, signal);

  metrics.onParked(parked.size, 0);
  metrics.onProgress(position);
  keys.resume(position);
  cache.resume(position);
  await cache.follow(position, []);
  await tombstones.run(position, true);
  try {
    for await (const batch of batchesOrIdle(read, idleMs, signal)) {
      // First, so that redrives can end a stall for too many parked subjects.
      if (!(await redriveParked())) return;
      if (!(await (batch === undefined ? idle() : applyBatch(batch)))) return;
      housekeeping.run();
      // After a commit that came alone, the next one is read at once.
      if ((batch?.length ?? 0) > MAX_COMMIT_RECORDS) await rest(lingerMs, signal);
    }
  } finally {
    keys.pause(position);
  }

  /** Applies a batch. Returns false if the checkpoint was not ours to move. */
  async function applyBatch(records: readonly TimedRecord[]): Promise<boolean> {
    const beganAtMs = performance.now();
    const to = records.at(-1)?.position ?? position;
    const parking = createParking(parked);
    const deps = { keys, parking, discarded, readWaiting, signal, onStep };
    const projected = await readRecords(records, deps);
    const traced = {
      records: () => toTraced(projected),
      size: records.length,
      // What has waited for an erased account lies before the batch.
      known: Math.max((await headAtStart) ?? from, position),
      nowMs: now(),
      isLive: isLive(),
      version,
    };
    return inBatchSpans(traced, async () => {
      const next = addAnchors(anchors, records);
      const batch = { from: position, to, records: projected, parking, assertRoom, anchors: next };
      const applied = await applyOrPark(store, batch, fold);
      if (applied === undefined) return false;
      position = to;
      anchors = next;
      onProgress(position);
      if (!(await follow(applied))) return false;
      metrics.onBatch({
        records: records.length,
        durationMs: performance.now() - beganAtMs,
        times: () =>
          projected.flatMap((each) => (parking.holds(placeOf(each)) ? [] : (timeOf(each) ?? []))),
      });
      return true;
    });
  }

  function onProgress(at: number): void {
    run.onProgress(at);
    metrics.onProgress(at);
  }

  /** Throws if a batch would park more subjects than may be. */
  function assertRoom({ parks }: Pick<ParkingChanges, 'parks'>): void {
    if (parks.length === 0) return;
    const newerParks = parks.filter(({ reason }) => reason === 'newer').length;
    const others = parked.size - newer.size + parks.length - newerParks;
    if (others <= MAX_PARKED && newer.size + newerParks <= MAX_NEWER) return;
    const most = others > MAX_PARKED ? MAX_PARKED : MAX_NEWER;
    throw new TooManyParkedError(`more than ${most} subjects would be parked`);
  }

  /** Tries parked subjects again, if an operator asked for it. Returns false as `applyBatch`. */
  async function redriveParked(): Promise<boolean> {
    let isOurs = true;
    const onApplied = async (applied: Applied | undefined) => (isOurs = await follow(applied));
    await redrive({ position, signal, onStep, onApplied });
    return isOurs;
  }

  /** Follows what was applied, in the cache and in the set of parked subjects. */
  async function follow(applied: Applied | undefined): Promise<boolean> {
    if (applied === undefined) return false;
    const { rows, changes, parking } = applied;
    const added = parking.parks.filter(({ subject }) => !parked.has(subject)).length;
    for (const { subject } of [...parking.unparked, ...parking.parks]) newer.delete(subject);
    for (const { subject } of parking.unparked) parked.delete(subject);
    const known = newer.size;
    for (const { subject, position: at, reason, detail } of parking.parks) {
      parked.set(subject, at);
      const isMore = reason === 'newer' && newer.size > known;
      if (reason === 'newer') newer.add(subject);
      // Of what a later version wrote, one in a batch is enough to see.
      if (isMore) continue;
      logger.error({ subject, position: at, reason, sqlState: detail }, 'a subject is parked');
    }
    metrics.onParked(parked.size, added);
    await cache.follow(position, toViewChanges(rows, { ...changes, parks: parking.parks }));
    await tombstones.run(position, changes.erasures.length > 0);
    return true;
  }

  /** Renews lease and watermark. Returns false if the lease is no longer ours. */
  async function idle(): Promise<boolean> {
    if (!(await store.renewLease(position))) return false;
    onProgress(position);
    await compareLog.whenIdle({ position, anchors }, signal);
    await cache.follow(position, []);
    await tombstones.run(position, false);
    return true;
  }
}

/** Waits; an abort ends it early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}
