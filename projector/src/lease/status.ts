import type { PoisonRecord } from '../records/poison-record.ts';

/** Why an active projection does not move: a poison record, or a fault that may pass by itself. */
export type Stall =
  | ({ readonly kind: 'poison' } & PoisonRecord)
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * What a projection is doing. `starting`: it has not yet heard from the database. `standby`: another
 * process is active. `stalled`: it should be active and cannot; it is tried again with backoff.
 */
export type ProjectionStatus =
  | { readonly state: 'starting' | 'standby' | 'active'; readonly position: number }
  | { readonly state: 'stalled'; readonly position: number; readonly stall: Stall };

/** Whether the process does what it is there for: project, or stand by for the one that does. */
export function isHealthy({ state }: ProjectionStatus): boolean {
  return state === 'active' || state === 'standby';
}
