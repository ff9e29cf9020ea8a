import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Milliseconds that a test waits for what must happen, before it fails. They tell a hang from a busy
 * machine, and say nothing about how fast the product is. A test that is about a time has a bound of
 * its own.
 */
export const PATIENCE_MS = 60_000;

/**
 * Milliseconds between two looks at a condition. They grow, because most looks ask a server that has
 * work to do, and shortly after the first ones a quick answer matters less.
 */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;
const GROWTH = 1.2;

/** Waits until a condition holds. Rejects at the deadline, also while a look at it hangs. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const { promise: isLate, reject } = Promise.withResolvers<never>();
  // Made here, so that its stack names the caller.
  const late = new Error(`the condition did not hold within ${deadlineMs} ms`);
  const timer = setTimeout(() => reject(late), deadlineMs);
  try {
    let pauseMs = FIRST_PAUSE_MS;
    while (!(await Promise.race([isLate, condition()]))) {
      await sleep(Math.min(pauseMs, LONGEST_PAUSE_MS));
      pauseMs *= GROWTH;
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Repeats a command of an impatient client until it is answered: the machine may be busy. Rejects at
 * the deadline, because of what failed last.
 */
export async function insist<T>(command: () => Promise<T>, deadlineMs = PATIENCE_MS): Promise<T> {
  let answer: { readonly value: T } | undefined;
  let fault: unknown;
  await waitUntil(async () => {
    try {
      answer = { value: await command() };
      return true;
    } catch (error) {
      fault = error;
      return false;
    }
  }, deadlineMs).catch((late: Error) => {
    throw new Error(late.message, { cause: fault });
  });
  if (answer === undefined) throw new Error('unreachable: waitUntil sets it');
  return answer.value;
}
