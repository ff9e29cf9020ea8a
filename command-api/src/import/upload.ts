import type { IncomingMessage } from 'node:http';
import { MAX_IMPORT_BYTES } from '@zameni/contracts';
import { AppError, withDeadline } from '@zameni/runtime';

/** Bounds of an upload: times in milliseconds, and its size. */
export type UploadBounds = {
  readonly maxBytes: number;
  /** Time without a byte from the client. Time in which the client waits for us does not count. */
  readonly stallMs: number;
  readonly totalMs: number;
  /** Time that an upload has left when the process stops. */
  readonly drainMs: number;
};

/** Bounds of an import's upload. */
export const IMPORT_UPLOAD: UploadBounds = {
  maxBytes: MAX_IMPORT_BYTES,
  stallMs: 10_000,
  totalMs: 5 * 60_000,
  drainMs: 4_000,
};

/** Milliseconds in which the rest of a refused upload is read and discarded. */
const READ_AWAY_MS = 10_000;
/** The same after a client that was too slow. */
const LINGER_MS = 1_000;

/** Throws `payload-too-large` if the upload declares too large a size. */
export function refuseDeclaredSize({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * Yields the bytes of an upload, which is read only on demand. Throws `payload-too-large` beyond
 * its size, `request-timeout` if the client is too slow, `service-unavailable` if the process stops
 * first, and `bad-request` if the client has left. None of them closes the connection.
 */
export async function* readUpload(
  upload: IncomingMessage,
  { maxBytes, stallMs, totalMs, drainMs }: UploadBounds,
  stopping: AbortSignal,
): AsyncGenerator<Buffer> {
  const chunks: AsyncIterator<Buffer> = upload.iterator({ destroyOnReturn: false });
  const startedAt = performance.now();
  let stoppingAt = Number.POSITIVE_INFINITY;
  let bytes = 0;
  let isWaiting = false;
  try {
    for (;;) {
      const now = performance.now();
      if (stopping.aborted) stoppingAt = Math.min(stoppingAt, now);
      const waitMs = Math.min(stallMs, startedAt + totalMs - now, stoppingAt + drainMs - now);
      isWaiting = true;
      const next = await withDeadline(chunks.next(), Math.max(0, waitMs), () => toLate(stopping));
      isWaiting = false;
      if (next.done === true) return;
      bytes += next.value.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield next.value;
    }
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : new AppError('bad-request', { cause: thrown });
  } finally {
    // While the next bytes are awaited, return would wait for them too.
    if (!isWaiting) await chunks.return?.();
  }
}

/**
 * Reads and discards the rest of a refused upload, so that the answer arrives: unread bytes would
 * make the kernel reset the connection. A client that does not end its upload is cut off.
 */
export function readAway(upload: IncomingMessage, refusal: unknown): void {
  if (upload.readableEnded || upload.destroyed) return;
  const isSlow = refusal instanceof AppError && refusal.code !== 'payload-too-large';
  const cut = setTimeout(() => upload.destroy(), isSlow ? LINGER_MS : READ_AWAY_MS);
  upload.once('close', () => clearTimeout(cut));
  upload.resume();
}

function toLate(stopping: AbortSignal): AppError {
  return stopping.aborted
    ? new AppError('service-unavailable', { retryAfterSeconds: 1 })
    : new AppError('request-timeout');
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('payload-too-large', { detail: `An import takes ${maxBytes} bytes` });
}
