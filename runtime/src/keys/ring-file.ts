import { statSync } from 'node:fs';
import type { Logger } from '../process/logger.ts';
import type { KeyRingSource } from './ring-source.ts';
import { type KeyRing, readKeyRing } from './key-ring.ts';
import { type PepperRing, readPepperRing } from './pepper-ring.ts';

/** What reading a key ring's file again and again needs. */
export type KeyRingFileOptions = {
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
};

/** Milliseconds after which who uses the ring looks at its file. */
const MAX_AGE_MS = 1_000;

/** Milliseconds between looks that an unknown id asks for: ids come from outside, too. */
const PAUSE_MS = 100;

/**
 * Opens a key ring whose file may be replaced at any time. Its stat is taken when the ring is used, at
 * most once a second, and the file is read when that has changed; so there is no timer to stop. A
 * file that has become unusable is an error in the log, once, and the last good ring stays: to go on
 * with it is right until a key is missing, to stop never is. Throws when there is no good ring yet.
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
  { logger, now = () => performance.now() }: KeyRingFileOptions,
): KeyRingSource<Ring> {
  // Before the content, so that a change in between is seen at the next look.
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
      logger.info({ path, current: read.current, keys: [...read.keys.keys()] }, 'key ring read');
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

/** Tells contents of a file apart; undefined when there is nothing to tell. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
