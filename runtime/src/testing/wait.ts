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

/** Repeats a command of an impatient client until it is answered: the machine may be busy. */
export async function insist<T>(command: () => Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
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
