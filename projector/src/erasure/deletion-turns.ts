import type { SecureDeletion } from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';

/** Deletes from several subjects concurrently. */
export type DeletionTurns = {
  /** Deletes the records of a subject up to a position. */
  readonly deleteUpTo: (subject: string, upTo: number) => Promise<void>;
  /** Deletes all records of a subject, on a server that has reached the position `known`. */
  readonly deleteAll: (subject: string, known: number) => Promise<void>;
};

/** Dependencies of turns; `sliceMs` is the length of one. */
export type DeletionTurnsOptions = {
  readonly deletion: SecureDeletion;
  readonly signal: AbortSignal;
  readonly sliceMs: number;
};

/** Concurrent deletions. One takes three round trips and mostly waits for disks. */
const MAX_AT_ONCE = 8;

/**
 * Each subject gets a turn in a slot. A subject that is not done at the end of its turn queues
 * again behind the others, so that ten thousand records of one subject do not delay the rest.
 */
export function createDeletionTurns({
  deletion,
  signal,
  sliceMs,
}: DeletionTurnsOptions): DeletionTurns {
  const slots = createSlots(MAX_AT_ONCE);

  /** Returns whether all records are deleted. */
  async function takeTurn(subject: string, upTo: number, known: number): Promise<boolean> {
    const turn = AbortSignal.timeout(sliceMs);
    try {
      await deletion.deleteUpTo(subject, upTo, AbortSignal.any([signal, turn]), known);
      return true;
    } catch (error) {
      if (signal.aborted || !turn.aborted) throw error;
      return false;
    }
  }

  async function untilDone(subject: string, upTo: number, known: number): Promise<void> {
    for (let isDone = false; !isDone; ) {
      isDone = await slots.run(() => takeTurn(subject, upTo, known));
    }
  }

  return {
    deleteUpTo: (subject, upTo) => untilDone(subject, upTo, upTo),
    deleteAll: (subject, known) => untilDone(subject, Number.MAX_SAFE_INTEGER, known),
  };
}
