import { delay, type LogServers, type ReadLogServers, StaleLeaderError } from '@zameni/runtime';

/** Finds the servers of the log that may have missed a deletion. */
export type ServersBehind = {
  /** Finds silent servers, as reported by a leader that has reached the position. */
  readonly findSilent: (position: number) => Promise<readonly string[]>;
  /** Finds servers that do not catch up with the leader within the grace period. */
  readonly findBehind: (position: number) => Promise<readonly string[]>;
};

/** Reads the servers' states; `graceMs` is the time a server has to catch up. */
export type ServersBehindOptions = {
  readonly servers: ReadLogServers;
  readonly signal: AbortSignal;
  readonly graceMs: number;
};

const LOOK_MS = 100;

/**
 * Milliseconds for the leader to reach a position that was read from a follower. A follower can
 * serve a committed record before the leader has stored it.
 */
const LEADER_LAG_MS = 2_000;

/** Asks the leader of the log. A leader that stays behind a known position is a fault. */
export function createServersBehind({
  servers,
  signal,
  graceMs,
}: ServersBehindOptions): ServersBehind {
  async function read(position: number): Promise<LogServers> {
    const endMs = performance.now() + LEADER_LAG_MS;
    for (;;) {
      const answer = await servers(signal);
      if (answer.head >= position) return answer;
      // A former leader that does not know of its successor would miss newer records.
      if (performance.now() >= endMs) throw new StaleLeaderError();
      await delay(LOOK_MS, signal);
    }
  }

  return {
    findSilent: async (position) => (await read(position)).silent,
    findBehind: async (position) => {
      const endMs = performance.now() + graceMs;
      let { silent, catchingUp } = await read(position);
      let behind = [...silent, ...catchingUp];
      while (behind.some((name) => catchingUp.includes(name)) && performance.now() < endMs) {
        await delay(LOOK_MS, signal);
        ({ silent, catchingUp } = await read(position));
        const still = new Set([...silent, ...catchingUp]);
        behind = behind.filter((name) => still.has(name));
      }
      return behind;
    },
  };
}
