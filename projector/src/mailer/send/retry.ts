import type { Message } from '../ledger/message.ts';

/** How long a mail is tried again, in milliseconds. */
export type RetryTimes = {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From the record that asked for it. Then it is abandoned. */
  readonly untilMs: number;
};

/** A mail is tried for a day: first after some 10 s, then less and less often. */
export const RETRY_TIMES: RetryTimes = {
  baseMs: 20_000,
  maxMs: 3_600_000,
  untilMs: 24 * 3_600_000,
};

/** Milliseconds until a mail is tried again, with jitter. Undefined if its time is over. */
export function retryDelayMs(
  { tries, createdAt }: Pick<Message, 'tries' | 'createdAt'>,
  now: Date,
  { baseMs, maxMs, untilMs }: RetryTimes = RETRY_TIMES,
): number | undefined {
  const leftMs = createdAt.getTime() + untilMs - now.getTime();
  if (leftMs <= 0) return undefined;
  const boundMs = Math.min(maxMs, baseMs * 2 ** Math.max(0, Math.min(tries - 1, 20)));
  return Math.min(leftMs, boundMs * (0.5 + Math.random() / 2));
}
