import { setPriority } from 'node:os';

/** A higher priority than that of the stack's processes, which all have 0. */
const NICE = -15;

/**
 * Raises the priority of this process so that it does not wait for a core. Real clients run on
 * machines of their own, and in an open loop a wait for a core would count as latency. Returns
 * false if the process lacks the permission; only root has it.
 */
export function goFirst(): boolean {
  try {
    setPriority(NICE);
    return true;
  } catch {
    return false;
  }
}
