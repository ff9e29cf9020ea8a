import { setPriority } from 'node:os';

/** Before every process of the stack, which all have 0. */
const NICE = -15;

/**
 * Lets this process have a core whenever it wants one: its users would have machines of their own, and
 * what an open loop waits for a core would count as waiting for an answer. Answers whether it may; only
 * root does.
 */
export function goFirst(): boolean {
  try {
    setPriority(NICE);
    return true;
  } catch {
    return false;
  }
}
