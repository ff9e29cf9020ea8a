import { checkProofs } from './check-proofs.ts';
import { checkReads } from './check-reads.ts';
import { checkStores } from './check-stores.ts';
import { checkWrites } from './check-writes.ts';
import type { History, Stores, Violation } from './types.ts';

/**
 * Finds every broken promise in a history. Uses only the answers to clients and the final content
 * of the stores: no process is trusted.
 */
export function findViolations(history: History, stores: Stores): Violation[] {
  return [
    ...checkStores(stores),
    ...checkWrites(history.writes, stores.log),
    ...checkProofs(history.proofs, stores.log),
    ...checkReads(history, stores.log),
  ];
}
