/** The verdict on a sample of differences, with the bounds of its median at 95 % each. */
export type Judgement = {
  readonly verdict: 'equivalent' | 'different' | 'undecided';
  readonly median: number;
  readonly low: number;
  readonly high: number;
};

/** Chance that one bound of the median is wrong, in each of the two one-sided tests. */
const ALPHA = 0.05;

/**
 * Two one-sided tests on the median of paired differences. `equivalent`: it lies within the margin
 * around zero. `different`: it lies outside. `undecided`: the sample is too small or too noisy. The
 * bounds are order statistics, which hold for every distribution. Latencies have long tails, which
 * would make the bounds of a mean useless.
 */
export function judgeDifferences(differences: readonly number[], margin: number): Judgement {
  const sorted = differences.toSorted((a, b) => a - b);
  const rank = boundRank(sorted.length);
  const low = sorted[rank - 1] ?? Number.NEGATIVE_INFINITY;
  const high = sorted[sorted.length - rank] ?? Number.POSITIVE_INFINITY;
  const verdict =
    low > -margin && high < margin
      ? 'equivalent'
      : low > margin || high < -margin
        ? 'different'
        : 'undecided';
  return { verdict, median: medianOf(sorted), low, high };
}

/**
 * The rank of the lower bound: how many of the smallest values lie below the median with a chance
 * of at most `ALPHA`, if each does with a chance of one half. 0: too few values for a bound.
 */
function boundRank(size: number): number {
  let rank = 0;
  let chance = 0.5 ** size;
  for (let sum = chance; sum <= ALPHA; sum += chance) {
    rank += 1;
    chance *= (size - rank + 1) / rank;
  }
  return rank;
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const [below = Number.NaN, above = below] = sorted.slice(
    Math.ceil(middle) - 1,
    Math.floor(middle) + 1,
  );
  return (below + above) / 2;
}
