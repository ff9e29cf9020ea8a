import { setTimeout as pause } from 'node:timers/promises';
import {
  AppError,
  bindToTrace,
  createCounter,
  createOverloaded,
  DEADLINES,
  type EventLog,
  type Logger,
  type LogMessage,
  METRICS,
} from '@zameni/runtime';
import { appendUntilKnown } from './append.ts';
import { createDeadline, type Deadline } from './deadline.ts';

/**
 * Appends one message, or the few of one commit, outside of any group. Resolves with the position
 * of the last message, or undefined when a guard did not hold. Throws `log-unavailable` when the
 * outcome stays unknown until the deadline or the log refuses the messages, `overloaded` when too
 * many appends are under way. After the deadline it goes on to find out the outcome.
 */
export type AppendAlone = (
  messages: readonly LogMessage[],
  deadline: Deadline,
) => Promise<number | undefined>;

/** Most appends under way at once in a process. */
const MAX_UNDER_WAY = 2_000;

/** Milliseconds between two rounds while there is load. */
const LINGER_MS = 4;

/** Milliseconds that a round is waited for at most. */
const MAX_ROUND_MS = 50;

/**
 * For messages whose guards fail often: outside of a group, a conflict concerns nobody else.
 * Appends are sent in rounds, each after the end of the last. Servers agree on messages that arrive
 * together in one step, which takes half the CPU of messages that trickle in (bench/results.md).
 * The next round does not wait for a late one, so that an append in doubt delays no other.
 */
export function createAppendAlone(
  log: EventLog,
  logger: Logger,
  maxUnderWay: number = MAX_UNDER_WAY,
): AppendAlone {
  const countInDoubt = createCounter(METRICS.commit.inDoubt);
  let underWay = 0;
  let isSending = false;
  let waiting: (() => Promise<unknown>)[] = [];

  async function sendRounds(): Promise<void> {
    isSending = true;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      await Promise.race([Promise.all(round.map((send) => send())), pause(MAX_ROUND_MS)]);
      if (round.length > 1) await pause(LINGER_MS);
    }
    isSending = false;
  }

  async function send(messages: readonly LogMessage[]): Promise<number | undefined> {
    underWay += 1;
    const ending = createDeadline(DEADLINES.intent);
    const isWanted = () => !ending.isOver();
    const context = { log, logger, signal: ending.signal(), isWanted, countInDoubt };
    try {
      return await new Promise<number | undefined>((resolve, reject) => {
        // A round runs in the trace of the request that began the rounds.
        const send = bindToTrace(() => appendUntilKnown(context, messages, true));
        waiting.push(() => send().then(resolve, reject));
        if (!isSending) void sendRounds();
      });
    } catch (cause) {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    } finally {
      underWay -= 1;
    }
  }

  return async (messages, deadline) => {
    if (underWay >= maxUnderWay) throw createOverloaded();
    return deadline.answer(send(messages));
  };
}
