import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Milliseconds that a test waits for what must happen, before it fails. They tell a hang from a busy
 * machine, and say nothing about how fast the product is.
 */
export const PATIENCE_MS = 60_000;

/**
 * Milliseconds between two looks at a condition. They grow, because most looks ask a server that has
 * work to do, and shortly after the first ones a quick answer matters less.
 */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;
const GROWTH = 1.2;

/** Waits until a condition holds. Rejects if it does not hold before the deadline. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs);
  for (let pauseMs = FIRST_PAUSE_MS; !(await condition()); pauseMs *= GROWTH) {
    if (deadline.aborted) throw new Error(`the condition did not hold within ${deadlineMs} ms`);
    await sleep(Math.min(pauseMs, LONGEST_PAUSE_MS));
  }
}

/** Repeats a command of an impatient client until it is answered: the machine may be busy. */
export async function insist<T>(command: () => Promise<T>, deadlineMs = PATIENCE_MS): Promise<T> {
  let answer: { readonly value: T } | undefined;
  await waitUntil(async () => {
    answer = await command().then(
      (value) => ({ value }),
      () => undefined,
    );
    return answer !== undefined;
  }, deadlineMs);
  if (answer === undefined) throw new Error('unreachable: waitUntil sets it');
  return answer.value;
}
