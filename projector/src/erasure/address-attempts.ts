import type { CoveredPosition } from './covered-position.ts';
import type { AttemptsOnAddress, EraserStore } from './store.ts';
import { createSlots, type Slots } from '../async/slots.ts';
import { voidAttempt, type VoidAttemptDeps } from './void-attempt.ts';

/** Makes the attempts on erased addresses void. */
export type AddressAttempts = {
  /** Resolves when the log holds no attempt on an address from before a position. */
  readonly endAll: (which: AttemptsOnAddress) => Promise<void>;
};

/** Dependencies of that; `questions` bounds concurrent queries to the database. */
export type AddressAttemptsOptions = VoidAttemptDeps & {
  readonly store: Pick<EraserStore, 'findAttempts' | 'removeAttempt' | 'clearClaim'>;
  readonly covered: CoveredPosition;
  readonly questions: Slots;
  readonly signal: AbortSignal;
};

/**
 * Attempts made void concurrently. Anybody can create attempts, so these slots are separate: the
 * deletion of keys and claims does not wait for them.
 */
const MAX_AT_ONCE = 4;

/**
 * Finds the attempts on an address in the read model, as soon as that covers the position and so
 * has all of them. A row stays findable until its attempt is deleted from the log, so that a crash
 * loses none.
 */
export function createAddressAttempts(options: AddressAttemptsOptions): AddressAttempts {
  const { store, covered, questions, signal } = options;
  const slots = createSlots(MAX_AT_ONCE);

  async function end(id: string, which: AttemptsOnAddress): Promise<void> {
    const attempt = { id, before: which.before };
    const isLeft = await slots.run(() => voidAttempt(options, attempt, signal));
    const takeOut = isLeft ? store.clearClaim : store.removeAttempt;
    await questions.run(() => takeOut(id, which));
  }

  return {
    endAll: async (which) => {
      for (;;) {
        await covered.until(which.before);
        const found = await questions.run(() => store.findAttempts(which));
        // After a failover another database may answer, which is behind.
        if (found.covered < which.before) continue;
        if (found.ids.length === 0) return;
        await Promise.all(found.ids.map((id) => end(id, which)));
      }
    },
  };
}
