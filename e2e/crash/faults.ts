import { readTestStack, type Stack } from '@zameni/runtime/testing';
import { pauseProcess } from '../atomicity/disturb.ts';
import { findLeader, kill } from '../support/kills.ts';
import type { Random } from '../support/random.ts';
import { evictFromCache, flushCache } from './cache-faults.ts';
import { loseTail } from './lost-tail.ts';
import type { Occupied } from './occupied.ts';

/** Brings about a fault, waits until it is over, and says what it was. */
export type Fault = (random: Random) => Promise<string>;

const SERVERS = ['nats-1', 'nats-2', 'nats-3'];

/** From below what everybody waits out to longer than an election and a lease. */
const SHORTEST_FREEZE_MS = 500;
const LONGEST_FREEZE_MS = 7_000;

/** How long the cache is too small, and how much of the database is lost. */
const EVICTING_MS = 3_000;
const LONGEST_TAIL_MS = 3_000;

/** The faults other than the death of one process. */
export function createFaults(stack: Stack, occupied: Occupied): readonly Fault[] {
  const freeze = async (name: string, random: Random) => {
    const forMs = SHORTEST_FREEZE_MS + random.below(LONGEST_FREEZE_MS - SHORTEST_FREEZE_MS);
    await occupied(name, () => pauseProcess(name, forMs));
    return name;
  };
  const projectors = stack.services.flatMap(({ service, name }) =>
    service === 'projector' ? [name] : [],
  );
  return [
    async (random) => {
      const leader = await findLeader(await readTestStack());
      const [follower = ''] = random.shuffle(SERVERS.filter((name) => name !== leader));
      return `froze a follower, ${await freeze(follower, random)}`;
    },
    async (random) =>
      `froze the leader, ${await freeze(await findLeader(await readTestStack()), random)}`,
    async (random) => `froze ${await freeze(random.shuffle(projectors)[0] ?? '', random)}`,
    async () => {
      const now = performance.now();
      await Promise.all(projectors.map((name) => occupied(name, () => kill(name, now))));
      return 'killed all projectors at once, so that no key is known';
    },
    async () => {
      await occupied('redis', () => flushCache(stack));
      return 'emptied the cache';
    },
    async () => {
      await occupied('redis', () => evictFromCache(stack, EVICTING_MS));
      return 'made the cache too small';
    },
    async (random) => {
      const forMs = random.below(LONGEST_TAIL_MS);
      await occupied('postgres-primary', () => loseTail(stack, forMs));
      return `lost the last ${forMs} ms of the database`;
    },
  ];
}
