import { checkProofs } from './check-proofs.ts';
import { checkReads } from './check-reads.ts';
import { checkStores } from './check-stores.ts';
import { checkWrites } from './check-writes.ts';
import type { History, Stores, Violation } from './history.ts';

/**
 * Finds every promise that a history breaks, from what clients were told and what the stores hold
 * in the end, and from nothing else: no process is believed.
 */
export function findViolations(history: History, stores: Stores): Violation[] {
  return [
    ...checkStores(stores),
    ...checkWrites(history.writes, stores.log),
    ...checkProofs(history.proofs, stores.log),
    ...checkReads(history, stores.log),
  ];
}
