import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil } from '@zameni/runtime/testing';
import type { Actors } from '../support/actors.ts';

/** What was seen of the lag: its maximum, and the longest time for which nothing moved. */
export type SeenLag = {
  readonly maxLag: number;
  readonly longestStillMs: number;
  readonly maxParked: number;
};

/** Looks at the lag until it is stopped, which waits for its end. */
export type LagWatch = AsyncDisposable & {
  readonly stop: (deadlineMs: number) => Promise<SeenLag>;
};

const POLL_MS = 100;

/** Watches the lag of the live version as operators see it. */
export function watchLag({ operator }: Pick<Actors, 'operator'>): LagWatch {
  const stopping = new AbortController();
  const seen = { maxLag: 0, longestStillMs: 0, maxParked: 0 };

  async function read() {
    const answer = await operator.readProjections({});
    if (answer.status !== 200) throw new Error(`the lag was answered ${answer.status}`);
    const live = answer.body.projections.find(({ state }) => state === 'live');
    if (live === undefined) throw new Error('no version is live');
    return { ...live, lag: live.lag ?? 0 };
  }

  async function run(): Promise<void> {
    let last = { position: 0, atMs: performance.now() };
    while (!stopping.signal.aborted) {
      const { position, lag, parked } = await read();
      const atMs = performance.now();
      if (lag === 0 || position > last.position) last = { position, atMs };
      seen.maxLag = Math.max(seen.maxLag, lag);
      seen.maxParked = Math.max(seen.maxParked, parked);
      seen.longestStillMs = Math.max(seen.longestStillMs, atMs - last.atMs);
      await pause(POLL_MS);
    }
  }

  const running = run();
  // `stop` reports a fault. At the end of a test that failed there is another one to report.
  running.catch(() => undefined);
  const end = async () => {
    stopping.abort();
    await running;
  };
  return {
    stop: async (deadlineMs) => {
      await waitUntil(async () => (await read()).lag === 0, deadlineMs);
      await end();
      return seen;
    },
    [Symbol.asyncDispose]: () => end().catch(() => undefined),
  };
}
