/** Percentiles of a sample, in milliseconds. */
export type Latency = { readonly p50: number; readonly p99: number; readonly max: number };

/** Percentiles by nearest rank. Zeros for an empty sample. */
export function summarize(sampleMs: readonly number[]): Latency {
  const sorted = sampleMs.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
