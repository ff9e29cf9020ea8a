import { copyFile, stat, truncate } from 'node:fs/promises';

/** Bytes of a log file. Then it becomes the previous one, so that each process has twice as many. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** Milliseconds between two looks at a file that a server writes itself. */
const LOOK_MS = 5_000;

/** The file that keeps the lines before those of a log file. */
export function previousLog(path: string): string {
  return path.replace(/\.log$/, '.previous.log');
}

/** A file, its bound, and the time between two looks. */
export type LogRotationOptions = {
  readonly path: string;
  readonly maxBytes?: number;
  readonly lookMs?: number;
};

/**
 * Bounds a file that a running server has open for appending: copies it aside and empties it. Lines
 * that are written between the two are lost; the server would have to open the file again to lose
 * none, and not every one can. Disposing ends it.
 */
export function rotateWhileRunning({
  path,
  maxBytes = MAX_LOG_BYTES,
  lookMs = LOOK_MS,
}: LogRotationOptions): Disposable {
  let isBusy = false;

  async function look(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      if ((await stat(path)).size <= maxBytes) return;
      await copyFile(path, previousLog(path));
      await truncate(path);
    } catch {
      // A file that is gone needs no bound. A full disk loses the older lines: the room counts more.
      await truncate(path).catch(() => undefined);
    } finally {
      isBusy = false;
    }
  }

  const timer = setInterval(() => void look(), lookMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
