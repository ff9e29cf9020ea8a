/**
 * The state of work. `starting`: it has not heard from the database yet. `standby`: another process
 * is active. `stalled`: it should be active and cannot, for the reason; it tries again with
 * backoff.
 */
export type WorkStatus =
  | { readonly state: 'starting' | 'standby' | 'active'; readonly position: number }
  | { readonly state: 'stalled'; readonly position: number; readonly reason: string };

/** Whether the process does its part: it works, or it stands by for the process that works. */
export function isHealthy({ state }: WorkStatus): boolean {
  return state === 'active' || state === 'standby';
}
