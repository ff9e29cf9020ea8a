import type { CoveredPosition } from './covered-position.ts';
import type { AttemptsOnAddress, EraserStore } from './store.ts';
import { createSlots, type Slots } from '../async/slots.ts';
import { voidAttempt, type VoidAttemptDeps } from './void-attempt.ts';

/** Makes the attempts on erased addresses void. */
export type AddressAttempts = {
  /** Resolves once the log holds no attempt on an address from before a position. */
  readonly endAll: (which: AttemptsOnAddress) => Promise<void>;
};

/** What that needs; `questions` bounds what is asked of the database at once. */
export type AddressAttemptsOptions = VoidAttemptDeps & {
  readonly store: Pick<EraserStore, 'findAttempts' | 'removeAttempt' | 'settleAttempt'>;
  readonly covered: CoveredPosition;
  readonly questions: Slots;
  readonly signal: AbortSignal;
};

/**
 * Attempts made void at once. Strangers decide how many there are, so they have places of their own: the
 * deletion of keys and claims does not wait behind them.
 */
const MAX_AT_ONCE = 4;

/**
 * Attempts on an address are found in the read model, once it covers the position and so has them all.
 * Each is taken out of what is found there only after its deletion, so that a kill loses none.
 */
export function createAddressAttempts(options: AddressAttemptsOptions): AddressAttempts {
  const { store, covered, questions, signal } = options;
  const slots = createSlots(MAX_AT_ONCE);

  async function end(id: string, which: AttemptsOnAddress): Promise<void> {
    const attempt = { id, before: which.before };
    const isLeft = await slots.run(() => voidAttempt(options, attempt, signal));
    const takeOut = isLeft ? store.settleAttempt : store.removeAttempt;
    await questions.run(() => takeOut(id, which));
  }

  return {
    endAll: async (which) => {
      for (;;) {
        await covered.until(which.before);
        const found = await questions.run(() => store.findAttempts(which));
        // Another database may serve since, which is behind.
        if (found.covered < which.before) continue;
        if (found.ids.length === 0) return;
        await Promise.all(found.ids.map((id) => end(id, which)));
      }
    },
  };
}
