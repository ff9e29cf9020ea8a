import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack } from '@zameni/runtime/testing';
import { findLeader, kill } from '../support/kills.ts';
import { createRandom, type Random } from '../support/random.ts';

/** What was done to which process, and when. */
export type Disturbance = {
  readonly name: string;
  readonly what: 'killed' | 'paused';
  readonly atMs: number;
  readonly forMs: number;
};

/** How long a process is left alone, how long it is paused at most, and the chance in percent. */
type Habit = {
  readonly minRestMs: number;
  readonly maxRestMs: number;
  readonly pauses: readonly { readonly share: number; readonly maxMs: number }[];
};

const OF_APIS: Habit = {
  minRestMs: 300,
  maxRestMs: 2_500,
  pauses: [
    { share: 60, maxMs: 300 },
    { share: 94, maxMs: 3_000 },
    // Longer than the log keeps an unfinished batch, and longer than a request may take.
    { share: 100, maxMs: 12_000 },
  ],
};

/** Nothing commits without a leader, so nothing can be torn: most of the time there is one. */
const OF_THE_LEADER: Habit = {
  minRestMs: 2_000,
  maxRestMs: 5_000,
  pauses: [
    { share: 60, maxMs: 300 },
    { share: 100, maxMs: 5_000 },
  ],
};

const KILLS_OF_A_HUNDRED = 40;

/**
 * Kills or pauses processes of the command API and the leader of the log's stream at random times.
 * Resolves after the given time, when all of them are back. Each process has its own random
 * numbers, so the seed repeats its disturbances regardless of the others.
 */
export async function disturb(seed: number, forMs: number): Promise<Disturbance[]> {
  const startedAt = performance.now();
  const { services } = await readTestStack();
  const apis = services.filter(({ service }) => service === 'command-api');
  const done: Disturbance[] = [];
  const repeat = async (n: number, habit: Habit, choose: () => Promise<string>) => {
    const random = createRandom(seed + n);
    for (;;) {
      await pause(habit.minRestMs + random.below(habit.maxRestMs - habit.minRestMs));
      if (performance.now() - startedAt > forMs) return;
      done.push(await disturbOne(random, { habit, name: await choose(), startedAt }));
    }
  };
  await Promise.all([
    repeat(0, OF_THE_LEADER, async () => findLeader(await readTestStack())),
    ...apis.map(({ name }, n) => repeat(n + 1, OF_APIS, () => Promise.resolve(name))),
  ]);
  return done.toSorted((a, b) => a.atMs - b.atMs);
}

type Victim = { readonly name: string; readonly habit: Habit; readonly startedAt: number };

async function disturbOne(
  random: Random,
  { name, habit, startedAt }: Victim,
): Promise<Disturbance> {
  if (random.percent(KILLS_OF_A_HUNDRED)) {
    const { atMs, backAfterMs } = await kill(name, startedAt);
    return { name, what: 'killed', atMs, forMs: backAfterMs };
  }
  const atMs = performance.now() - startedAt;
  const forMs = drawPause(random, habit);
  await pauseProcess(name, forMs);
  return { name, what: 'paused', atMs, forMs };
}

function drawPause(random: Random, { pauses }: Habit): number {
  const drawn = random.below(100);
  return random.below(pauses.find(({ share }) => drawn < share)?.maxMs ?? 1) + 1;
}

/** Pauses a process of the stack, as a host that swaps does. */
export async function pauseProcess(name: string, forMs: number): Promise<void> {
  const pid = (await readTestStack()).pids[name];
  if (pid === undefined) throw new Error(`${name} is not running`);
  process.kill(pid, 'SIGSTOP');
  try {
    await pause(forMs);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
