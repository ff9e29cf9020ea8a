import { AppError } from '../errors.ts';

/**
 * Range of `Retry-After` in seconds. It is random, so that refused callers return at different
 * times. Only imports, which take longer, have an interval of their own.
 */
const RETRY_AFTER_SECONDS = { least: 1, most: 3 } as const;

/** The refusal of a request that cannot be served in time. Nothing of the request was done. */
export function createOverloaded(random: () => number = Math.random): AppError {
  const { least, most } = RETRY_AFTER_SECONDS;
  const retryAfterSeconds = least + Math.floor(random() * (most - least + 1));
  return new AppError('overloaded', { retryAfterSeconds });
}
