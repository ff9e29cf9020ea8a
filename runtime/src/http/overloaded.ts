import { AppError } from '../errors.ts';

/** Callers that are sent away together must not come back together: seconds, drawn evenly. */
const RETRY_AFTER_SECONDS = { least: 1, most: 3 } as const;

/** The refusal of what cannot be served in time: nothing of it was done. */
export function createOverloaded(random: () => number = Math.random): AppError {
  const { least, most } = RETRY_AFTER_SECONDS;
  const retryAfterSeconds = least + Math.floor(random() * (most - least + 1));
  return new AppError('overloaded', { retryAfterSeconds });
}
