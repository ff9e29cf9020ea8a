import { AppError, type EventLog, type Logger, type LogMessage } from '@zameni/runtime';
import { appendUntilKnown } from './append.ts';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Appends one message on its own, or the few of one commit; resolves with the position of the last, or
 * undefined when a guard did not hold.
 * Throws `log-unavailable` when the outcome stays unknown until the signal aborts, `overloaded` when too
 * many are under way.
 */
export type AppendAlone = (
  messages: readonly LogMessage[],
  signal: AbortSignal,
) => Promise<number | undefined>;

/** Most that are under way at once in a process. */
const MAX_UNDER_WAY = 2_000;

/** Milliseconds between flights while there is load, and that a flight is waited for at most. */
const LINGER_MS = 4;
const MAX_FLIGHT_MS = 50;

/**
 * Appends outside of batches, for messages whose guards fail often: a conflict is nobody else's. They
 * leave in flights, the next one when the last has landed: servers that get many messages at once agree
 * on them at once, which takes half the CPU of messages that trickle in. A flight that is late is not
 * waited for, so that one append in doubt holds up no other.
 */
export function createAppendAlone(
  log: EventLog,
  logger: Logger,
  maxUnderWay: number = MAX_UNDER_WAY,
): AppendAlone {
  let underWay = 0;
  let isFlying = false;
  let waiting: (() => Promise<unknown>)[] = [];

  async function fly(): Promise<void> {
    isFlying = true;
    while (waiting.length > 0) {
      const flight = waiting;
      waiting = [];
      await Promise.race([Promise.all(flight.map((leave) => leave())), pause(MAX_FLIGHT_MS)]);
      if (flight.length > 1) await pause(LINGER_MS);
    }
    isFlying = false;
  }

  return async (messages, signal) => {
    if (underWay >= maxUnderWay) throw new AppError('overloaded', { retryAfterSeconds: 1 });
    underWay += 1;
    const context = { log, logger, signal, isWanted: () => !signal.aborted };
    try {
      return await new Promise<number | undefined>((resolve, reject) => {
        waiting.push(() => appendUntilKnown(context, messages, true).then(resolve, reject));
        if (!isFlying) void fly();
      });
    } catch (cause) {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    } finally {
      underWay -= 1;
    }
  };
}
