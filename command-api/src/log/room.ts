import { AppError, type EventLog, type Logger, type Pool } from '@zameni/runtime';

/** Who asks for room in the log: the public, or a caller who vouches for somebody. */
export type RoomKind = 'public' | 'vouched';

/** Keeps room in the log for what must always fit: proof, change and erasure. */
export type LogRoom = AsyncDisposable & {
  /** Throws `log-full` when there is no room for more of this kind. */
  readonly assert: (kind: RoomKind) => void;
};

/** Where the log's size and the number of attempts are looked up. */
export type LogRoomDeps = {
  readonly log: Pick<EventLog, 'room'>;
  readonly pool: Pool;
  readonly logger: Logger;
};

/** The bounds: shares of the log's own bound in percent, and a number of attempts. */
export type LogRoomBounds = {
  readonly publicPercent: number;
  readonly vouchedPercent: number;
  readonly maxLiveAttempts: number;
};

/** Milliseconds between two looks, and for one at the log; the pool has a deadline of its own. */
const LOOK_MS = 1_000;
const DEADLINE_MS = 3_000;

/** Seconds after which a refused caller may try again: attempts make room by the hour. */
const RETRY_AFTER_SECONDS = 600;

/**
 * Looks beside the requests, once a second, so that no request waits for it; what comes in meanwhile is
 * small against the room that is kept. There is one look at a time: where a store hangs, until the
 * deadlines of log and pool, none waits behind it, and disposal waits for none. What cannot be looked up
 * keeps nobody out: the log itself refuses what it cannot hold.
 */
export function createLogRoom({ log, pool, logger }: LogRoomDeps, bounds: LogRoomBounds): LogRoom {
  let percent = 0;
  let liveAttempts = 0;
  let isFailing = false;
  let isLooking = false;
  let isDisposed = false;
  const refusing = new Set<RoomKind>();

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const [room, attempts] = await Promise.allSettled([
      log.room(AbortSignal.timeout(DEADLINE_MS)),
      pool.query<{ live: string }>('select live_attempts as live from zameni.room'),
    ]);
    isLooking = false;
    // The stores may have been closed under it.
    if (isDisposed) return;
    if (room.status === 'fulfilled') {
      percent = room.value === undefined ? 0 : (100 * room.value.bytes) / room.value.maxBytes;
    }
    if (attempts.status === 'fulfilled') liveAttempts = Number(attempts.value.rows[0]?.live ?? 0);
    const failed = [room, attempts].find(({ status }) => status === 'rejected');
    // Said once, not every second.
    if (failed !== undefined && !isFailing) {
      logger.warn('the room of the log cannot be looked up, the last answer stays');
    }
    isFailing = failed !== undefined;
  }

  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  void look();
  return {
    assert: (kind) => {
      const isFull =
        kind === 'public'
          ? percent >= bounds.publicPercent || liveAttempts >= bounds.maxLiveAttempts
          : percent >= bounds.vouchedPercent;
      if (!isFull) {
        refusing.delete(kind);
        return;
      }
      // Said when it begins, not at every refusal.
      if (!refusing.has(kind)) logger.warn({ kind, percent, liveAttempts }, 'the log is full');
      refusing.add(kind);
      throw new AppError('log-full', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      isDisposed = true;
    },
  };
}
