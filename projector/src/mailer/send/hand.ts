import { bindToTrace } from '@zameni/runtime';
import type { Ledger, Taken } from '../ledger/store.ts';

type Waiting = {
  readonly message: Taken;
  readonly done: PromiseWithResolvers<boolean>;
  /** Notes the batch, in the trace of this mail. */
  readonly note: () => Promise<ReadonlySet<number>>;
};

/**
 * Creates the function that notes in the ledger, just before a mail is handed to a server, that it
 * is. A mail that a killed process had not noted was not sent, so it is repeated without doubt; one
 * that another process has taken since is not sent twice. Mails that come together are noted in one
 * statement.
 */
export function createHand(ledger: Pick<Ledger, 'hand'>): (message: Taken) => Promise<boolean> {
  let waiting: Waiting[] = [];
  let batch: readonly Waiting[] = [];
  let isNoting = false;

  async function noteAll(): Promise<void> {
    isNoting = true;
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      batch = waiting;
      waiting = [];
      try {
        const ours = await first.note();
        for (const { message, done } of batch) done.resolve(ours.has(message.id));
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    isNoting = false;
  }

  return (message) => {
    const done = Promise.withResolvers<boolean>();
    const note = bindToTrace(() => ledger.hand(batch.map((each) => each.message)));
    waiting.push({ message, done, note });
    if (!isNoting) void noteAll();
    return done.promise;
  };
}
