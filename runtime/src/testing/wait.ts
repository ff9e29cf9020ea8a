import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that a test waits for a condition before it fails. */
const DEADLINE_MS = 30_000;

/** Waits until a condition holds. Rejects if it does not hold before the deadline. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  while (!(await condition())) {
    if (deadline.aborted) throw new Error(`the condition did not hold within ${deadlineMs} ms`);
    await sleep(2);
  }
}
