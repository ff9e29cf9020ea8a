import {
  type BreakerOptions,
  createBreaker,
  Fault,
  isRefusal,
  type Logger,
  type Queries,
  systemClock,
  withDeadline,
} from '@zameni/runtime';

/** Runs work on a database. Rejects if it fails or is late, and at once while others failed. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** The database that is guarded. */
export type GuardOptions = {
  /** Name in logs and metrics. */
  readonly name: BreakerOptions['name'];
  /** Milliseconds after which another store, or a refusal, is better than the answer. */
  readonly deadlineMs: number;
  readonly logger: Logger;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
};

/**
 * Guards a database. After three failures in a row a breaker opens for a second, so only the first
 * readers wait for a database that is away. Then one call tries again, and its success lets all pass.
 * A statement that the database refuses rejects, but is no such failure.
 */
export function createGuard(options: GuardOptions): Guard {
  const { name, deadlineMs, logger, now = systemClock.now } = options;
  const breaker = createBreaker({
    name,
    failuresToOpen: 3,
    openMs: 1_000,
    now,
    onOpen: (error) => logger.warn({ error, store: name }, 'store does not answer'),
    onClose: () => logger.info({ store: name }, 'store answers again'),
  });
  const late = () => new Fault(`${name} did not answer in time`);
  return async (work) => {
    let cause: unknown = new Fault(`${name} is not asked, because it does not answer`);
    const found = await breaker.run(async () => {
      try {
        return { answer: await withDeadline(work(), deadlineMs, late) };
      } catch (error) {
        // It is an answer, and a second without the database would help nobody.
        if (isRefusal(error)) return { refusal: error };
        cause = error;
        throw error;
      }
    });
    if (found === undefined) throw cause;
    if ('refusal' in found) throw found.refusal;
    return found.answer;
  };
}

/** The short queries of a pool, behind a guard. */
export function guardQueries(pool: Queries, guard: Guard): Queries {
  return { query: (text, values) => guard(() => pool.query(text, values)) };
}
