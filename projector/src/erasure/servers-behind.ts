import { delay, type LogServers, type ReadLogServers } from '@zameni/runtime';

/** Tells which servers of the log may have missed a deletion. */
export type ServersBehind = {
  /** Those that are silent, as the leader says; it is at the position at least. */
  readonly findSilent: (position: number) => Promise<readonly string[]>;
  /** Those that have not been where the leader is since now, as long as they may take. */
  readonly findBehind: (position: number) => Promise<readonly string[]>;
};

/** Who tells, and the milliseconds in which a server that is behind may catch up. */
export type ServersBehindOptions = {
  readonly servers: ReadLogServers;
  readonly signal: AbortSignal;
  readonly graceMs: number;
};

const LOOK_MS = 100;

/**
 * Milliseconds in which the leader may come to what was read from a follower: of a record that all have
 * agreed on, a follower can hand out what the leader has yet to write down.
 */
const LEADER_LAG_MS = 2_000;

/** The server that answers for the log is behind what was already read from it. */
class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}

/** Asks the leader of the log; one that is behind what was read already is a fault. */
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
      // A server that was the leader and does not know better yet would say that nothing is there.
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
