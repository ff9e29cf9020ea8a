import type { Held } from './measure.ts';

/** Measurements of one process, in their order, and the time between the first and the last. */
export type Course = {
  readonly held: readonly Held[];
  readonly seconds: number;
  /** Bytes of heap that caches may take meanwhile. They are bounded, but not full. */
  readonly cacheBytes: number;
};

/** Most bytes of heap a second. A leak of that size is a gigabyte in a month. */
const MAX_HEAP_BYTES_PER_SECOND = 400;

/** Bytes of heap that come and go: compiled code, buffers of connections. */
const HEAP_NOISE_BYTES = 200_000;

/** Handles, timers and subscriptions that come and go with requests, and between two looks. */
export const COUNT_NOISE = 30;

/** The part of the measurements at each end that is compared. Their least counts: the rest is work. */
const END_SHARE = 1 / 3;

/**
 * What a process holds more and more of, as text. It compares the least of the first third with the
 * least of the last one. Whatever is released again now and then is no leak.
 */
export function findGrowth({ held, seconds, cacheBytes }: Course): string[] {
  const growthOf = (name: keyof Held) => leastGrowth(held.map((each) => each[name]));
  const bounds: Readonly<Record<keyof Held, number>> = {
    heapBytes: cacheBytes + HEAP_NOISE_BYTES + MAX_HEAP_BYTES_PER_SECOND * seconds,
    handles: COUNT_NOISE,
    timers: COUNT_NOISE,
  };
  const names = ['heapBytes', 'handles', 'timers'] as const;
  return names
    .filter((name) => growthOf(name) > bounds[name])
    .map((name) => `${name} grew by ${growthOf(name)} in ${Math.round(seconds)} s`);
}

/** By how much the least of the last third is more than the least of the first third. */
export function leastGrowth(counts: readonly number[]): number {
  const count = Math.max(1, Math.floor(counts.length * END_SHARE));
  return Math.min(...counts.slice(-count)) - Math.min(...counts.slice(0, count));
}
