import type { Clock } from '../async/clock.ts';
import { outsideTraces } from '../telemetry/trace.ts';

/** Reads a position repeatedly while it is started. */
export type PositionPoller = {
  readonly start: () => void;
  readonly stop: () => void;
};

/** What to read, bounds of the pause in milliseconds, and the callback for positions. */
export type PositionPollerOptions = {
  /** Undefined while the position is unknown. Must not reject. */
  readonly read: () => Promise<number | undefined>;
  readonly minMs: number;
  readonly maxMs: number;
  readonly clock: Clock;
  readonly onPosition: (position: number) => void;
};

/** Factor by which each pause grows while the position does not change. */
const GROWTH = 1.5;

/**
 * States: stopped, polling. The pause starts at `minMs`, grows to `maxMs` while the position does
 * not change, and is `minMs` again when it changes. A stop takes effect before the next poll. There
 * is never more than one poll at a time.
 */
export function createPositionPoller(options: PositionPollerOptions): PositionPoller {
  const { read, minMs, maxMs, clock, onPosition } = options;
  const state = { wanted: false, polling: false };
  let pauseMs = minMs;

  async function poll(): Promise<void> {
    state.polling = true;
    let last: number | undefined;
    while (state.wanted) {
      const position = await read();
      pauseMs = position === last ? Math.min(maxMs, pauseMs * GROWTH) : minMs;
      last = position;
      if (position !== undefined) onPosition(position);
      if (state.wanted) await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    }
    state.polling = false;
  }

  return {
    start: () => {
      if (state.wanted) return;
      state.wanted = true;
      pauseMs = minMs;
      // The poll serves others too, so it is no part of the request that started it.
      if (!state.polling) void outsideTraces(poll);
    },
    stop: () => {
      state.wanted = false;
    },
  };
}
