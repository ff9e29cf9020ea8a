import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '../async/clock.ts';

/** A clock that stands still until a test advances it. */
export type ManualClock = Clock & {
  /** Advances the time step by step and runs everything that becomes due. */
  readonly advance: (ms: number) => Promise<void>;
};

/** A clock at zero. */
export function createManualClock(): ManualClock {
  let nowMs = 0;
  const due = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  return {
    now: () => nowMs,
    after: (ms, callback) => {
      const entry = { atMs: nowMs + ms, callback };
      due.add(entry);
      return () => due.delete(entry);
    },
    advance: async (ms) => {
      const endMs = nowMs + ms;
      await yieldToOthers();
      for (;;) {
        const [next] = [...due].toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > endMs) break;
        due.delete(next);
        nowMs = next.atMs;
        next.callback();
        await yieldToOthers();
      }
      nowMs = endMs;
    },
  };
}
