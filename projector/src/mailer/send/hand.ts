import type { Ledger, Taken } from '../ledger/store.ts';

type Waiting = { readonly message: Taken; readonly done: PromiseWithResolvers<boolean> };

/**
 * Creates the function that notes in the ledger, just before a mail is handed to a server, that it
 * is. A mail that a killed process had not noted was not sent, so it is repeated without doubt; one
 * that another process has taken since is not sent twice. Mails that come together are noted in one
 * statement.
 */
export function createHand(ledger: Pick<Ledger, 'hand'>): (message: Taken) => Promise<boolean> {
  let waiting: Waiting[] = [];
  let isNoting = false;

  async function note(): Promise<void> {
    isNoting = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const ours = await ledger.hand(batch.map(({ message }) => message));
        for (const { message, done } of batch) done.resolve(ours.has(message.id));
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    isNoting = false;
  }

  return (message) => {
    const done = Promise.withResolvers<boolean>();
    waiting.push({ message, done });
    if (!isNoting) void note();
    return done.promise;
  };
}
