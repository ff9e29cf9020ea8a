import { statSync } from 'node:fs';
import type { Logger } from '../process/logger.ts';
import type { KeyRingSource } from './ring-source.ts';
import { type KeyRing, readKeyRing } from './key-ring.ts';
import { type PepperRing, readPepperRing } from './pepper-ring.ts';

/** Options for reading a key ring's file repeatedly. */
export type KeyRingFileOptions = {
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** Says too which keys are in use from now on. */
  readonly securityLog?: Pick<Logger, 'info'>;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
};

/** Milliseconds between checks of the file while the ring is used. */
const MAX_AGE_MS = 1_000;

/** Milliseconds between checks that unknown ids cause. Clients can send unknown ids. */
const PAUSE_MS = 100;

/**
 * Opens a key ring whose file may be replaced at any time. The file's stat is checked on use, at
 * most once a second, and the file is read if the stat changed. So there is no timer to stop. If
 * the file becomes unusable, an error is logged once and the last good ring stays in use: it works
 * until a key is missing, and stopping would be worse. Throws if there is no good ring yet.
 */
export function openKeyRing(path: string, options: KeyRingFileOptions): KeyRingSource {
  return openRing(path, readKeyRing, options);
}

/** Opens a ring of peppers in the same way. */
export function openPepperRing(
  path: string,
  options: KeyRingFileOptions,
): KeyRingSource<PepperRing> {
  return openRing(path, readPepperRing, options);
}

function openRing<Ring extends KeyRing>(
  path: string,
  readRing: (path: string) => Ring,
  { logger, securityLog, now = () => performance.now() }: KeyRingFileOptions,
): KeyRingSource<Ring> {
  // Read before the content, so that the next check notices a change in between.
  let seen = stampOf(path);
  let ring = readRing(path);
  let isFailing = false;
  let lookedAtMs = now();

  function look(): void {
    lookedAtMs = now();
    try {
      const stamp = stampOf(path);
      if (stamp === seen && stamp !== undefined) return;
      const read = readRing(path);
      const keys = [...read.keys.keys()];
      for (const log of [logger, securityLog]) {
        log?.info({ path, currentKey: read.current, keys }, 'key ring read');
      }
      ring = read;
      seen = stamp;
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.error({ path, error }, 'key ring not read, the last one stays');
      isFailing = true;
    }
  }

  function lookAfter(pauseMs: number): void {
    if (now() - lookedAtMs >= pauseMs) look();
  }

  return {
    current: () => {
      lookAfter(MAX_AGE_MS);
      return ring;
    },
    find: (id) => {
      lookAfter(ring.keys.has(id) ? MAX_AGE_MS : PAUSE_MS);
      return ring.keys.get(id);
    },
  };
}

/** Identifies the content of a file. Returns undefined if the file cannot be examined. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
