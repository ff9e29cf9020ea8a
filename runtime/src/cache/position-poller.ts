import type { Clock } from '../async/clock.ts';

/** Asks for a position again and again while somebody waits for it. */
export type PositionPoller = {
  readonly start: () => void;
  readonly stop: () => void;
};

/** What to ask, how often, and who is told. */
export type PositionPollerOptions = {
  /** Undefined when it cannot be told now; never rejects. */
  readonly read: () => Promise<number | undefined>;
  readonly minMs: number;
  readonly maxMs: number;
  readonly clock: Clock;
  readonly onPosition: (position: number) => void;
};

/** How much longer each pause gets while nothing moves. */
const GROWTH = 1.5;

/**
 * States: stopped, polling. The pause starts at `minMs`, grows to `maxMs` while the position stands
 * still, and is short again when it moves. Stopping takes effect before the next poll; there is never
 * more than one poll under way.
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
      if (!state.polling) void poll();
    },
    stop: () => {
      state.wanted = false;
    },
  };
}
