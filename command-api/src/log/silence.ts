import type { EventLog } from '@zameni/runtime';

/** A log whose appends are watched, and whether it leaves them without an answer. */
export type WatchedLog = {
  readonly log: EventLog;
  readonly isSilent: () => boolean;
};

/**
 * Milliseconds without an answer to any append after which nobody leads. That a server is frozen is
 * noticed as late (`runtime/src/log/connect/nats.ts`).
 */
const SILENT_MS = 1_500;

/** Milliseconds after an append in doubt in which it is sent again, if anybody still wants it. */
const GIVEN_UP_MS = 1_000;

/**
 * Watches appends. States:
 *
 * - `heard`: the log has answered an append, whatever it was, and every later one.
 * - `asked`: appends are under way, or ended with faults, and none of them has an answer since. After
 *   `SILENT_MS` the log is silent. An append that was lost before the last answer counts only while it
 *   is under way. Appends in doubt are sent again and again: their answer ends the silence, so
 *   there is no other probe. If nobody sends any for `GIVEN_UP_MS`, the log counts as heard, because
 *   the next append must be allowed to ask.
 */
export function watchAppends(log: EventLog, now = () => performance.now()): WatchedLog {
  let underWay = 0;
  /** When the first append was sent since the last answer. */
  let askedAtMs: number | undefined;
  let answers = 0;
  let heardAtMs = 0;
  /** Appends under way that were sent before the last answer. */
  let olderUnderWay = 0;
  let endedAtMs = 0;

  return {
    log: {
      ...log,
      append: async (messages, signal) => {
        if (underWay === 0 && now() - endedAtMs > GIVEN_UP_MS) askedAtMs = undefined;
        askedAtMs ??= now();
        underWay += 1;
        const answersBefore = answers;
        let isHeard = false;
        try {
          const outcome = await log.append(messages, signal);
          isHeard = outcome.status !== 'unknown' && outcome.status !== 'distrusted';
          return outcome;
        } finally {
          underWay -= 1;
          endedAtMs = now();
          if (isHeard) {
            answers += 1;
            heardAtMs = endedAtMs;
            olderUnderWay = underWay;
            askedAtMs = undefined;
          } else if (answersBefore !== answers) {
            // Lost before the last answer, so it says nothing about the log now.
            olderUnderWay -= 1;
          }
        }
      },
    },
    isSilent: () => {
      const sinceMs = olderUnderWay > 0 ? heardAtMs : askedAtMs;
      return (
        sinceMs !== undefined &&
        now() - sinceMs > SILENT_MS &&
        (underWay > 0 || now() - endedAtMs <= GIVEN_UP_MS)
      );
    },
  };
}
