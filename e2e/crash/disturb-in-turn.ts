import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack } from '@zameni/runtime/testing';
import { findLeader, kill } from '../support/kills.ts';
import { createRandom, type Random } from '../support/random.ts';
import { createFaults } from './faults.ts';
import { createOccupied } from './occupied.ts';

/** What was done, and how long it took until it was over. */
export type Disturbance = { readonly what: string; readonly atMs: number; readonly forMs: number };

/** The random numbers, and how long to go on after everything was done once. */
export type DisturbOptions = { readonly random: Random; readonly deadlineMs: number };

/** Milliseconds between two disturbances. */
const PAUSE_MS = { shortest: 300, longest: 2_800 } as const;

/** The longest pause of a short run, which has time for each disturbance once. */
const SHORT_RUN = { deadlineMs: 60_000, longestPauseMs: 1_600 } as const;

/**
 * Kills every process of the stack in turn, and the leader of the log's stream, and brings about
 * every other fault, in random order and at random times. Nothing need have recovered before the
 * next one, so losses overlap.
 */
export async function disturbInTurn({
  random,
  deadlineMs,
}: DisturbOptions): Promise<readonly Disturbance[]> {
  const startedAt = performance.now();
  const stack = await readTestStack();
  const occupied = createOccupied();
  const killOne = async (name: string) => {
    await occupied(name, () => kill(name, startedAt));
    return `killed ${name}`;
  };
  const works: readonly ((random: Random) => Promise<string>)[] = [
    ...Object.keys(stack.pids).map((name) => () => killOne(name)),
    async () => killOne(await findLeader(await readTestStack())),
    ...createFaults(stack, occupied),
  ];
  const begun: Promise<Disturbance>[] = [];
  const begin = async (work: (typeof works)[number], seed: number): Promise<Disturbance> => {
    const atMs = performance.now() - startedAt;
    const what = await work(createRandom(seed));
    return { what, atMs, forMs: performance.now() - startedAt - atMs };
  };
  const { shortest } = PAUSE_MS;
  const isShort = deadlineMs < SHORT_RUN.deadlineMs;
  const longest = isShort ? SHORT_RUN.longestPauseMs : PAUSE_MS.longest;
  while (performance.now() - startedAt < deadlineMs) {
    for (const work of random.shuffle(works)) {
      await pause(shortest + random.below(longest - shortest));
      const isOver = performance.now() - startedAt > deadlineMs;
      if (isOver && begun.length >= works.length) break;
      const one = begin(work, random.below(2 ** 31));
      one.catch(() => undefined);
      begun.push(one);
    }
  }
  return Promise.all(begun);
}
