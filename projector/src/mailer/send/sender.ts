import { coerceError, createBackoff, delay, type Logger } from '@zameni/runtime';
import type { Message, Outcome } from '../ledger/message.ts';
import type { Finished, Ledger, MailboxBudget } from '../ledger/store.ts';

/** What sending needs. */
export type SenderDeps = {
  readonly ledger: Pick<Ledger, 'take' | 'finish' | 'takeBack' | 'clear' | 'nextDueInMs'>;
  /**
   * Sends one mail. Never rejects, except on abort. Undefined if it is another process's by now.
   */
  readonly deliver: (message: Message, signal: AbortSignal) => Promise<Outcome | undefined>;
  readonly budget: MailboxBudget;
  readonly logger: Logger;
  /** Mails under way: as many as can be sent at once, and those ahead of them. */
  readonly maxInFlight: number;
  /** Mails that are looked up, or wait for a connection, while all connections are used. */
  readonly ahead: number;
  /** Mails under way beside those, while as many take long. A stalled mailbox keeps no other waiting. */
  readonly maxSlow: number;
  /** Milliseconds after which a mail takes long. */
  readonly slowMs: number;
};

/** Wakes the sender. */
export type Sender = {
  /** Sends due mails until the signal aborts. Mails under way are finished first. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Call it when mails were added. */
  readonly wake: () => void;
};

/** Milliseconds between two looks for due mails, if nothing wakes the sender before. */
const LOOK_MS = 1_000;

/** Milliseconds between them at least: what is due may be another process's. */
const SHORTEST_LOOK_MS = 20;

/** Milliseconds between two rounds of clearing. */
const CLEAR_MS = 60_000;

/** Milliseconds after which nobody sends a mail any more that is marked: longer than any try. */
const FORGOTTEN_MS = 600_000;

const FINISH_BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * Creates the sender. Mails under way are bounded; each recipient has one of them at most. What a
 * process left behind as `sending` is taken back when another one begins: it may have been sent, so
 * it is repeated once.
 */
export function createSender(deps: SenderDeps): Sender {
  const { ledger, deliver, budget, logger, maxInFlight, ahead, maxSlow, slowMs } = deps;
  let waker = Promise.withResolvers<void>();
  const wake = () => waker.resolve();

  async function run(signal: AbortSignal): Promise<void> {
    const flights = new Set<Promise<void>>();
    let slow = 0;
    const finisher = createFinisher(ledger, logger);
    let clearAtMs = 0;
    const takenBack = await ledger.takeBack(0);
    if (takenBack > 0)
      logger.warn({ mails: takenBack }, 'mails were interrupted, they are repeated once');

    async function fly(message: Message): Promise<void> {
      let isSlow = false;
      const timer = setTimeout(() => {
        isSlow = true;
        slow += 1;
        wake();
      }, slowMs);
      try {
        const outcome = await deliver(message, signal);
        const { id, takes } = message;
        if (outcome !== undefined) await finisher.finish({ id, takes, outcome });
      } finally {
        clearTimeout(timer);
        if (isSlow) slow -= 1;
      }
    }

    try {
      while (!signal.aborted) {
        waker = Promise.withResolvers<void>();
        const free = Math.max(0, maxInFlight + Math.min(slow, maxSlow) - flights.size);
        // A take costs the database about the same for one mail as for many. More than those ahead
        // must not be missing, because connections would have nothing to send.
        const isWorthIt = free >= ahead / 2;
        const messages = isWorthIt ? await ledger.take(free, budget) : [];
        for (const message of messages) {
          const flight: Promise<void> = fly(message).finally(() => {
            flights.delete(flight);
            wake();
          });
          flight.catch(() => undefined);
          flights.add(flight);
        }
        if (performance.now() >= clearAtMs) {
          clearAtMs = performance.now() + CLEAR_MS;
          await ledger.clear(budget);
          // What a statement marked after its answer was given up, or an outcome that was never noted.
          await ledger.takeBack(FORGOTTEN_MS);
        }
        if (!isWorthIt) await rest(signal, LOOK_MS);
        else if (messages.length < free) await rest(signal, await ledger.nextDueInMs());
      }
    } finally {
      await Promise.allSettled(flights);
      await finisher.end();
    }
  }

  async function rest(signal: AbortSignal, dueInMs = LOOK_MS): Promise<void> {
    const ending = new AbortController();
    const end = AbortSignal.any([signal, ending.signal]);
    await Promise.race([
      waker.promise,
      delay(Math.min(LOOK_MS, Math.max(SHORTEST_LOOK_MS, dueInMs)), end).catch(() => undefined),
    ]);
    ending.abort();
  }

  return { run, wake };
}

/** Collects outcomes and writes those that came together in one statement. */
function createFinisher(ledger: Pick<Ledger, 'finish'>, logger: Logger) {
  let waiting: Finished[] = [];
  let writing: Promise<void> | undefined;

  /** Writes until it succeeded some time: an outcome that is forgotten would be repeated. */
  async function write(): Promise<void> {
    const backoff = createBackoff(FINISH_BACKOFF);
    while (waiting.length > 0) {
      const outcomes = waiting;
      waiting = [];
      for (let tries = 0; ; tries += 1) {
        try {
          await ledger.finish(outcomes);
          break;
        } catch (error) {
          if (tries >= MAX_FINISHES) throw error;
          logger.warn({ error: coerceError(error) }, 'outcomes of mails could not be noted yet');
          await delay(backoff.nextMs(), AbortSignal.timeout(FINISH_BACKOFF.maxMs * 2));
        }
      }
    }
  }

  const finish = (finished: Finished): Promise<void> => {
    waiting.push(finished);
    writing ??= write().finally(() => (writing = undefined));
    return writing;
  };
  const end = async () => {
    await writing;
  };
  return { finish, end };
}

const MAX_FINISHES = 10;
