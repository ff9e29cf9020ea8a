import { AppError } from '@zameni/runtime';

/** Makes `store-unavailable` of every failure of a store that has no code yet. */
export async function orUnavailable<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
  }
}
