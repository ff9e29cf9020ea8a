import { withDeadline, Fault } from '@zameni/runtime';

/** Milliseconds to wait for a part of a status. */
const STATUS_DEADLINE_MS = 500;

/**
 * Returns a part of a status, or null if it fails or takes too long. Operators need a status most when
 * a dependency is down. The rest of it is still correct.
 */
export async function orNull<T>(asked: Promise<T> | T): Promise<T | null> {
  try {
    const answer = Promise.resolve(asked);
    return await withDeadline(answer, STATUS_DEADLINE_MS, () => new Fault('too late'));
  } catch {
    // Null says that the part is unknown.
    return null;
  }
}
