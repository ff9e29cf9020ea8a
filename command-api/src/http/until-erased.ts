import { ACCOUNTS_PROJECTION, subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  DEADLINES,
  delay,
  type EventLog,
  type Pool,
} from '@zameni/runtime';
import { readAttempt } from '../log/attempt-reader.ts';

/**
 * Waits until nothing that answers anybody knows an erased person or attempt. Throws `projection-lagging`
 * when that takes too long: the erasure still goes on, and "done" too early would be the worse failure.
 */
export type UntilErased = {
  readonly person: (userId: UserId) => Promise<void>;
  /** Of an attempt whose closing record lies at a position. */
  readonly attempt: (id: UserId, position: number) => Promise<void>;
};

/** What waiting needs. */
export type UntilErasedDeps = {
  readonly pool: Pool;
  readonly log: Pick<EventLog, 'readFirst'>;
};

const BACKOFF = { baseMs: 20, maxMs: 250 };

/**
 * Others erase; this looks until they have. Of a person: key, read model and cache. Claims and attempts
 * on the address, versions of the projection that are being rebuilt, and servers that are away are in
 * the erasure's progress only: how many attempts there are strangers decide.
 */
export function createUntilErased({ pool, log }: UntilErasedDeps): UntilErased {
  async function until(isDone: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
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
        return isDeleted && (await isProjected(pool, position));
      }),
  };
}

async function isPersonErased(pool: Pool, userId: UserId): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    `select e.cache_at is not null and e.key_at is not null
       and e.read_model_at is not null and c.position >= e.position as done
     from zameni.erasures e
     join zameni.checkpoints c on c.projection = $2 and c.version = $3
     where e.user_id = $1`,
    [userId, ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version],
  );
  return rows[0]?.done === true;
}

async function isProjected(pool: Pool, position: number): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    `select position >= $1 as done from zameni.checkpoints
     where projection = $2 and version = $3`,
    [position, ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version],
  );
  return rows[0]?.done === true;
}
