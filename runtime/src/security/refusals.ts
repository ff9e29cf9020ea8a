import type { Logger } from '../process/logger.ts';
import type { FieldsOfMessage } from '../telemetry/catalogue/logs.ts';

/** A refused request, as its line has it. */
export type Refusal = FieldsOfMessage<'caller refused'>;

/** Writes refusals. Disposing writes what was only counted. */
export type Refusals = Disposable & { readonly write: (refusal: Refusal) => void };

/** Milliseconds of a turn by default. After it, what was only counted is written. */
const TURN_MS = 1_000;

/**
 * Lines of a turn, of callers with a valid token and of all others. They are apart, so that a flood
 * of strangers hides no known caller. A line is some 400 bytes, so a process writes 40 KB/s at most.
 */
const MAX_KNOWN = 80;
const MAX_STRANGERS = 20;

/**
 * Creates the writer of refusals: a line each, and in a flood a line a second for each code with the
 * number of those that have none. Strangers cause refusals at will, and must not fill a disk.
 */
export function createRefusals(log: Pick<Logger, 'warn'>, turnMs = TURN_MS): Refusals {
  const left = { known: MAX_KNOWN, strangers: MAX_STRANGERS };
  const counted = new Map<string, number>();
  let turn: NodeJS.Timeout | undefined;

  function endTurn(): void {
    turn = undefined;
    left.known = MAX_KNOWN;
    left.strangers = MAX_STRANGERS;
    for (const [problem, refused] of counted) {
      log.warn({ problem, refused }, 'callers refused in a flood');
    }
    counted.clear();
  }

  return {
    write: (refusal) => {
      turn ??= setTimeout(endTurn, turnMs).unref();
      const who = typeof refusal.actor === 'string' ? 'known' : 'strangers';
      if (left[who] > 0) {
        left[who] -= 1;
        log.warn(refusal, 'caller refused');
        return;
      }
      counted.set(refusal.problem, (counted.get(refusal.problem) ?? 0) + 1);
    },
    [Symbol.dispose]: () => {
      clearTimeout(turn);
      endTurn();
    },
  };
}
