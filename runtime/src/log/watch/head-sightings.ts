/** A head of the log and the moment, in milliseconds of a clock, at which it was first seen. */
export type Sighting = { readonly head: number; readonly atMs: number };

/** The part of its age by which a moment may be too late. */
const PRECISION = 16;

/**
 * Adds a head that was seen now. The older sightings are, the fewer stay: at most some thirty for
 * each doubling of their age. A lower head is that of another log, so nothing else stays then.
 */
export function addSighting(sightings: readonly Sighting[], seen: Sighting): readonly Sighting[] {
  const last = sightings.at(-1);
  if (last === undefined || seen.head < last.head) return [seen];
  if (seen.head === last.head) return sightings;
  const all = [...sightings, seen];
  const kept: Sighting[] = [];
  for (const [index, sighting] of all.entries()) {
    const [before, after] = [kept.at(-1), all[index + 1]];
    const isNeeded =
      before === undefined ||
      after === undefined ||
      after.atMs - before.atMs > (seen.atMs - sighting.atMs) / PRECISION;
    if (isNeeded) kept.push(sighting);
  }
  return kept;
}

/** When the log was first seen past a position. Never too early. Undefined if it was not. */
export function pastSince(sightings: readonly Sighting[], position: number): number | undefined {
  return sightings.find(({ head }) => head > position)?.atMs;
}
