import { randomUUID } from 'node:crypto';
import { type DeletionRecord, EVERY_SUBJECT, subjects } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import type { EraserStore } from './store.ts';

/** The log, and how far the read models are. */
export type TailDeps = {
  readonly log: Pick<EventLog, 'head' | 'readFirst' | 'append'>;
  readonly store: Pick<EraserStore, 'readCoveredPosition'>;
};

/** Names nothing to be deleted. */
const EMPTY: DeletionRecord = { claims: [], people: [], attempts: [], addresses: [] };

/**
 * Creates the end of a tail that nobody can read any more. The last records of the log may expire, or
 * be deleted, before the projection has read them. Then no record leads it to their positions, and
 * whoever waits for one of them would wait for ever. So an empty deletion record is appended behind
 * them. It is read like any other, and deleted once it is covered.
 *
 * The projection could as well move to the head when the leader has nothing more. But a leader that was
 * deposed may say so wrongly, and records would be passed over. Here such an answer costs one record.
 */
export function createCloseTail({ log, store }: TailDeps): (signal: AbortSignal) => Promise<void> {
  /** The head that was found closed last. A covered position that stays gets no second record. */
  let closedAt = 0;

  async function closeTail(signal: AbortSignal): Promise<void> {
    const head = await log.head(signal);
    if (head <= closedAt) return;
    const covered = await store.readCoveredPosition();
    if (covered < head) {
      if ((await log.readFirst(EVERY_SUBJECT, signal, covered)) !== undefined) return;
      const subject = subjects.deletion(randomUUID());
      const message = { subject, data: JSON.stringify(EMPTY), expectedPosition: 0 };
      const outcome = await log.append([message], signal);
      if (outcome.status !== 'appended') return;
      closedAt = outcome.lastPosition;
    } else closedAt = head;
  }

  return async (signal) => {
    try {
      await closeTail(signal);
    } catch (error) {
      // Tried again soon. It must not stop erasures.
      if (signal.aborted) throw error;
    }
  };
}
