import type { SecureDeletion } from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';

/** Deletes from several subjects at once. */
export type DeletionTurns = {
  /** Deletes what a subject holds up to a position. */
  readonly deleteUpTo: (subject: string, upTo: number) => Promise<void>;
};

/** What turns need; `sliceMs` is the length of one. */
export type DeletionTurnsOptions = {
  readonly deletion: SecureDeletion;
  readonly signal: AbortSignal;
  readonly sliceMs: number;
};

/** Subjects deleted from at once: a deletion is three round trips, and mostly waits for disks. */
const MAX_AT_ONCE = 8;

/**
 * Each subject has its turn in a slot; one that is not done when its turn is over queues again behind
 * the others, so ten thousand messages of one do not hold up the rest.
 */
export function createDeletionTurns({
  deletion,
  signal,
  sliceMs,
}: DeletionTurnsOptions): DeletionTurns {
  const slots = createSlots(MAX_AT_ONCE);

  /** Answers whether all is deleted. */
  async function takeTurn(subject: string, upTo: number): Promise<boolean> {
    const turn = AbortSignal.timeout(sliceMs);
    try {
      await deletion.deleteUpTo(subject, upTo, AbortSignal.any([signal, turn]));
      return true;
    } catch (error) {
      if (signal.aborted || !turn.aborted) throw error;
      return false;
    }
  }

  return {
    deleteUpTo: async (subject, upTo) => {
      for (let isDone = false; !isDone; ) isDone = await slots.run(() => takeTurn(subject, upTo));
    },
  };
}
