import type { EventLog } from '@zameni/runtime';

/** A log whose appends are watched, and whether it leaves them without an answer. */
export type WatchedLog = {
  readonly log: EventLog;
  readonly isSilent: () => boolean;
};

/**
 * Milliseconds without an answer to any append after which nobody leads. That a server is frozen is
 * noticed as late (`runtime/src/log/nats.ts`).
 */
const SILENT_MS = 1_500;

/** Milliseconds after an append in doubt in which it is sent again, if anybody still wants it. */
const GIVEN_UP_MS = 1_000;

/**
 * Watches appends. States:
 *
 * - `heard`: the last append that ended had an answer of the log, whatever it was.
 * - `asked`: appends are sent, and none has an answer yet, only faults at most. After `SILENT_MS`
 *   the log is silent. Appends in doubt are sent again and again: their answer ends the silence, so
 *   there is no other probe. If nobody sends any for `GIVEN_UP_MS`, the log counts as heard, because
 *   the next append must be allowed to ask.
 */
export function watchAppends(log: EventLog, now = () => performance.now()): WatchedLog {
  let underWay = 0;
  let askedAtMs: number | undefined;
  let endedAtMs = 0;

  return {
    log: {
      ...log,
      append: async (messages, signal) => {
        if (underWay === 0 && now() - endedAtMs > GIVEN_UP_MS) askedAtMs = undefined;
        askedAtMs ??= now();
        underWay += 1;
        let isHeard = false;
        try {
          const outcome = await log.append(messages, signal);
          isHeard = outcome.status !== 'unknown' && outcome.status !== 'distrusted';
          return outcome;
        } finally {
          underWay -= 1;
          endedAtMs = now();
          if (isHeard) askedAtMs = underWay > 0 ? endedAtMs : undefined;
        }
      },
    },
    isSilent: () =>
      askedAtMs !== undefined &&
      now() - askedAtMs > SILENT_MS &&
      (underWay > 0 || now() - endedAtMs <= GIVEN_UP_MS),
  };
}
