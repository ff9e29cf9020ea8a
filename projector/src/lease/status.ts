import type { PoisonRecord } from '../records/poison-record.ts';

/** Why work that should be active makes no progress: a poison record, or a fault that may pass. */
export type Stall =
  | ({ readonly kind: 'poison' } & PoisonRecord)
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * The state of work. `starting`: it has not heard from the database yet. `standby`: another process
 * is active. `stalled`: it should be active and cannot; it tries again with backoff.
 */
export type ProjectionStatus =
  | { readonly state: 'starting' | 'standby' | 'active'; readonly position: number }
  | { readonly state: 'stalled'; readonly position: number; readonly stall: Stall };

/** Whether the process does its part: it works, or it stands by for the process that works. */
export function isHealthy({ state }: ProjectionStatus): boolean {
  return state === 'active' || state === 'standby';
}
