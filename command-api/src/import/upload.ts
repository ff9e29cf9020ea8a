import type { IncomingMessage } from 'node:http';
import { MAX_IMPORT_BYTES } from '@zameni/contracts';
import { AppError, withDeadline } from '@zameni/runtime';

/** How long an upload may take, in milliseconds, and how much it may hold. */
export type UploadBounds = {
  readonly maxBytes: number;
  /** Without a single byte from the client; the time it waits for us does not count. */
  readonly stallMs: number;
  readonly totalMs: number;
  /** What is left of it once the process stops. */
  readonly drainMs: number;
};

/** Bounds of the uploads of imports. */
export const IMPORT_UPLOAD: UploadBounds = {
  maxBytes: MAX_IMPORT_BYTES,
  stallMs: 10_000,
  totalMs: 5 * 60_000,
  drainMs: 4_000,
};

/** Milliseconds in which the rest of an upload that was refused is read away. */
const READ_AWAY_MS = 10_000;
/** The same after a client that was too slow anyway. */
const LINGER_MS = 1_000;

/** Throws `payload-too-large` for an upload that says of itself that it is too large. */
export function refuseDeclaredSize({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * The bytes of an upload, read only when they are asked for. Throws `payload-too-large` beyond its
 * size, `request-timeout` when the client is too slow, `service-unavailable` when the process stops
 * first and `bad-request` when the client has left. The connection stays open behind all of them.
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
    // Where the next bytes are still awaited it would wait for them too.
    if (!isWaiting) await chunks.return?.();
  }
}

/**
 * Reads what is left of a refused upload away, so that the answer arrives: unread bytes would make
 * the kernel reset the connection under it. Whoever does not come to an end is cut.
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
