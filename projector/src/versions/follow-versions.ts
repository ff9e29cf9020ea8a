import { coerceError, delay, type Logger } from '@zameni/runtime';
import type { WorkStatus } from '../lease/status.ts';
import type { LeasedWork } from '../lease/work.ts';
import type { VersionStore } from './store.ts';
import type { Version } from './version.ts';

/** Dependencies of following all versions. */
export type FollowVersionsOptions = {
  readonly store: Pick<VersionStore, 'readVersions' | 'remove'>;
  /** Creates the work on a version. The function returns the version as it was read last. */
  readonly createWork: (version: () => Version) => LeasedWork & AsyncDisposable;
  readonly logger: Logger;
  readonly lookMs?: number;
  readonly droppedMs?: number;
};

/** The work on all versions of the read models, and the status of the live one. */
export type VersionsWork = {
  /** Runs until the signal aborts. It does not reject because of the database. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** The status of the live version, and its number; 0 until it is known. */
  readonly status: () => WorkStatus & { readonly version: number };
  /** The numbers of all versions that were read last. */
  readonly versions: () => readonly number[];
};

/** Milliseconds between two looks at the versions. */
const LOOK_MS = 500;

/** Milliseconds from the look at which a version was dropped to its deletion: nobody follows then. */
const DROPPED_MS = 4 * LOOK_MS;

/** The work on a version, the version as it was read last, and how to end both. */
type Followed = {
  readonly latest: { version: Version };
  readonly work: LeasedWork;
  readonly stop: () => Promise<void>;
};

/**
 * Follows every version of the read models, each under a lease of its own: the live one, one that is
 * built, and those that are kept. Looks for new and dropped ones all the time.
 */
export function createVersionsWork(options: FollowVersionsOptions): VersionsWork {
  const { store, createWork, logger, lookMs = LOOK_MS, droppedMs = DROPPED_MS } = options;
  const followed = new Map<number, Followed>();
  const droppedAtMs = new Map<number, number>();
  const ending = new Set<Promise<void>>();
  let known: readonly Version[] = [];
  let isAway = false;

  function start(version: Version): Followed {
    const latest = { version };
    const stopping = new AbortController();
    const work = createWork(() => latest.version);
    const ended = work.run(stopping.signal);
    const stop = async () => {
      stopping.abort();
      await ended;
      await work[Symbol.asyncDispose]();
    };
    logger.info({ version: version.version, state: version.state }, 'follows a version');
    return { latest, work, stop };
  }

  async function look(): Promise<void> {
    known = await store.readVersions();
    for (const version of known) {
      if (version.state === 'dropped') continue;
      const before = followed.get(version.version);
      if (before === undefined) followed.set(version.version, start(version));
      else before.latest.version = version;
    }
    const kept = new Set(
      known.flatMap(({ state, version }) => (state === 'dropped' ? [] : version)),
    );
    for (const [version, { stop }] of followed) {
      if (kept.has(version)) continue;
      followed.delete(version);
      // Not awaited: a long statement of one version must not hide the others.
      const stopped = stop().finally(() => ending.delete(stopped));
      ending.add(stopped);
      logger.info({ version }, 'does not follow a version any more');
    }
    await removeDropped();
  }

  /** Deletes versions that were dropped some time ago, when no process follows them any more. */
  async function removeDropped(): Promise<void> {
    for (const { version, state } of known) {
      if (state !== 'dropped') continue;
      const sinceMs = droppedAtMs.get(version) ?? performance.now();
      droppedAtMs.set(version, sinceMs);
      if (performance.now() - sinceMs < droppedMs) continue;
      await store.remove(version);
      droppedAtMs.delete(version);
      logger.info({ version }, 'a version of the read models is deleted');
    }
  }

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await look();
          isAway = false;
        } catch (error) {
          // Logged once, not at every look while the database is down.
          if (!isAway) logger.warn({ error: coerceError(error) }, 'versions cannot be read');
          isAway = true;
        }
        await delay(lookMs * (0.75 + Math.random() / 2), signal).catch(() => undefined);
      }
      await Promise.all([...ending, ...[...followed.values()].map(({ stop }) => stop())]);
    },
    status: () => {
      const live = known.find(({ state }) => state === 'live');
      const work = live && followed.get(live.version)?.work;
      if (live === undefined || work === undefined) return STARTING;
      return { ...work.status(), version: live.version };
    },
    versions: () => known.map(({ version }) => version),
  };
}

const STARTING = { state: 'starting', position: 0, version: 0 } as const;
