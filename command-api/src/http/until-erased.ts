import { subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  createWaitObserver,
  DEADLINES,
  delay,
  type EventLog,
  type Pool,
  readLiveCheckpoint,
} from '@zameni/runtime';
import { readAttempt } from '../log/attempt-reader.ts';

/**
 * Waits until no store that serves reads has an erased person or attempt. Throws
 * `projection-lagging` after the deadline. The erasure then continues: the worse failure is to
 * report it as done too early.
 */
export type UntilErased = {
  readonly person: (userId: UserId) => Promise<void>;
  /** `position` is that of the attempt's closing record. */
  readonly attempt: (id: UserId, position: number) => Promise<void>;
};

/** Dependencies of waiting. */
export type UntilErasedDeps = {
  readonly pool: Pool;
  readonly log: Pick<EventLog, 'readFirst'>;
};

const BACKOFF = { baseMs: 20, maxMs: 250 };

/**
 * Other processes erase; this only polls. For a person it waits for key, read model and cache. It
 * does not wait for claims, attempts on the address, rebuilding versions of the projection or
 * servers that are down; the erasure's progress shows these. Anybody can create attempts, so their
 * number has no bound.
 */
export function createUntilErased({ pool, log }: UntilErasedDeps): UntilErased {
  const observeWait = createWaitObserver('erased');

  async function until(isDone: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    return observeWait(
      () => pollUntil(isDone),
      () => 'reached',
    );
  }

  async function pollUntil(isDone: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINES.erased);
    const backoff = createBackoff(BACKOFF);
    try {
      while (!(await isDone(signal))) await delay(BACKOFF.baseMs + backoff.nextMs(), signal);
    } catch (cause) {
      throw new AppError('projection-lagging', { cause, retryAfterSeconds: 1 });
    }
  }

  return {
    person: (userId) => until(() => isPersonErased(pool, userId)),
    attempt: (id, position) =>
      until(async (signal) => {
        const first = await log.readFirst(subjects.attempt(id), signal);
        const isDeleted = first === undefined || readAttempt(first).record.state === 'closed';
        if (!isDeleted) return false;
        const live = await readLiveCheckpoint(pool);
        return live !== undefined && live.position >= position;
      }),
  };
}

async function isPersonErased(pool: Pool, userId: UserId): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    `select e.cache_at is not null and e.key_at is not null
       and e.read_model_at is not null and c.position >= e.position as done
     from accounts.checkpoint c
     join zameni.erasures e on e.user_id = $1`,
    [userId],
  );
  return rows[0]?.done === true;
}
