import type { AppendOutcome, EventLog, LogMessage } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { Intent } from './group/group.ts';

/** Claims a subject for `owner` when it is free; answers whether it was. */
export function claimIntent(
  claim: string,
  owner: string,
): Intent<{ won: boolean; position: number }> {
  return {
    reads: [claim],
    decide: (state) => {
      const won = !state.has(claim);
      const own = { subject: `account.${owner}`, data: `${owner} ${won}` };
      const messages = won ? [{ subject: claim, data: owner }, own] : [own];
      return { messages, answer: (position) => ({ won, position }) };
    },
  };
}

/** Writes `count` messages, whatever the log has. */
export function writeIntent(name: string, count: number, maxMessages?: number): Intent<number> {
  return {
    reads: [],
    ...(maxMessages === undefined ? {} : { maxMessages }),
    decide: () => ({
      messages: Array.from({ length: count }, (_, n) => ({ subject: `${name}.${n}`, data: '{}' })),
      answer: (position) => position,
    }),
  };
}

/** A memory log whose appends are counted and can be replaced. */
export function bendAppends(
  bend: (
    append: () => Promise<AppendOutcome>,
    messages: readonly LogMessage[],
    call: number,
  ) => Promise<AppendOutcome> = (append) => append(),
): { log: EventLog; sizes: number[] } {
  const memory = createMemoryLog();
  const sizes: number[] = [];
  const log: EventLog = {
    ...memory,
    append: (messages, abort) => {
      sizes.push(messages.length);
      return bend(() => memory.append(messages, abort), messages, sizes.length);
    },
  };
  return { log, sizes };
}
