/** Random numbers that a seed repeats. */
export type Random = {
  /** An integer from 0 to below `bound`. */
  readonly below: (bound: number) => number;
  /** True with a chance in percent. */
  readonly percent: (share: number) => boolean;
  readonly shuffle: <Item>(items: readonly Item[]) => Item[];
};

/** Mulberry32: 32 bits of state, uniform enough to choose what to kill. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    percent: (share) => below(100) < share,
    shuffle: (items) => {
      const left = [...items];
      return Array.from({ length: left.length }, () => left.splice(below(left.length), 1)).flat();
    },
  };
}
