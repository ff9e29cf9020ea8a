import { ACCOUNTS_PROJECTION, type UserId } from '@zameni/contracts';
import { AppError, createBackoff, delay, type Pool } from '@zameni/runtime';

/** Milliseconds an erasing caller waits for every store; a retry waits again. */
const DEADLINE_MS = 10_000;
const BACKOFF = { baseMs: 20, maxMs: 250 };

/**
 * Waits until a person is erased from every store that answers anybody, which others do. Versions of
 * the projection that are being rebuilt, and servers that are away, are told by the erasure's progress. When that takes too long the
 * erasure still goes on; the caller is told to ask again, because "done" told too early would be the
 * worse failure.
 */
export function createUntilErased(pool: Pool): (userId: UserId) => Promise<void> {
  return async (userId) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const backoff = createBackoff(BACKOFF);
    try {
      while (!(await isErased(pool, userId)))
        await delay(BACKOFF.baseMs + backoff.nextMs(), signal);
    } catch (cause) {
      throw new AppError('projection-lagging', { cause, retryAfterSeconds: 1 });
    }
  };
}

async function isErased(pool: Pool, userId: UserId): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    `select e.cache_at is not null and e.key_at is not null and e.claims_at is not null
       and e.read_model_at is not null and c.position >= e.position as done
     from zameni.erasures e
     join zameni.checkpoints c on c.projection = $2 and c.version = $3
     where e.user_id = $1`,
    [userId, ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version],
  );
  return rows[0]?.done === true;
}
