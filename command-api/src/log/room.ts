import { AppError, type EventLog, type Logger, METRICS, observe, type Pool } from '@zameni/runtime';

/** Kind of a registration: by the public, or by a caller who vouches for people. */
export type RoomKind = 'public' | 'vouched';

/** Keeps room in the log for proof, change and erasure, which must always fit. */
export type LogRoom = AsyncDisposable & {
  /** Throws `log-full` if there is no room for more registrations of this kind. */
  readonly assert: (kind: RoomKind) => void;
};

/** Sources of the log's size and the number of attempts. */
export type LogRoomDeps = {
  readonly log: Pick<EventLog, 'room'>;
  readonly pool: Pool;
  readonly logger: Logger;
};

/** Bounds: percentages of the log's own bound, and a number of attempts. */
export type LogRoomBounds = {
  readonly publicPercent: number;
  readonly vouchedPercent: number;
  readonly maxLiveAttempts: number;
};

/** Milliseconds between reads, and for one read of the log. The pool has a deadline of its own. */
const LOOK_MS = 1_000;
const DEADLINE_MS = 3_000;

/** Seconds until a refused caller may try again. Attempts expire every hour. */
const RETRY_AFTER_SECONDS = 600;

/**
 * Reads size and number once a second in the background, so that no request waits. The records that
 * arrive in between are small compared with the reserved room. Only one read runs at a time; if a
 * store hangs, none queues behind it, and disposal does not wait for it. If a value cannot be read,
 * nobody is refused, because the log itself refuses records that do not fit.
 */
export function createLogRoom({ log, pool, logger }: LogRoomDeps, bounds: LogRoomBounds): LogRoom {
  let percent: number | undefined;
  let liveAttempts: number | undefined;
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
    // The stores may be closed by now.
    if (isDisposed) return;
    if (room.status === 'fulfilled') {
      percent = room.value && (100 * room.value.bytes) / room.value.maxBytes;
    }
    if (attempts.status === 'fulfilled') liveAttempts = Number(attempts.value.rows[0]?.live ?? 0);
    const failed = [room, attempts].find(({ status }) => status === 'rejected');
    // Logged once, not every second.
    if (failed !== undefined && !isFailing) {
      logger.warn({}, 'the room of the log cannot be looked up, the last answer stays');
    }
    isFailing = failed !== undefined;
  }

  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  void look();
  const observed = [
    observe(METRICS.commit.roomUsed, () => toValues(percent && percent / 100)),
    observe(METRICS.commit.liveAttempts, () => toValues(liveAttempts)),
    observe(METRICS.commit.maxLiveAttempts, () => toValues(bounds.maxLiveAttempts)),
    observe(METRICS.commit.roomBound, () => [
      toBound('public', bounds.publicPercent),
      toBound('vouched', bounds.vouchedPercent),
    ]),
  ];
  return {
    assert: (kind) => {
      const isFull =
        kind === 'public'
          ? isAtLeast(percent, bounds.publicPercent) ||
            isAtLeast(liveAttempts, bounds.maxLiveAttempts)
          : isAtLeast(percent, bounds.vouchedPercent);
      if (!isFull) {
        refusing.delete(kind);
        return;
      }
      // Logged at the first refusal, not at each one.
      if (!refusing.has(kind)) {
        logger.warn(
          { logKind: kind, logPercent: percent ?? 0, liveAttempts: liveAttempts ?? 0 },
          'the log is full',
        );
      }
      refusing.add(kind);
      throw new AppError('log-full', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      isDisposed = true;
      for (const one of observed) one[Symbol.dispose]();
    },
  };
}

function isAtLeast(value: number | undefined, bound: number): boolean {
  return value !== undefined && value >= bound;
}

function toBound(kind: RoomKind, percent: number) {
  return { value: percent / 100, attributes: { 'zameni.registration.kind': kind } };
}

function toValues(value: number | undefined): readonly { readonly value: number }[] {
  return value === undefined ? [] : [{ value }];
}
