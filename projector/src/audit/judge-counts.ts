import type { CopyCounts, ServerLook } from '@zameni/runtime';

/** A look at all servers, and when (monotonic). */
export type LookRound = { readonly atMs: number; readonly looks: readonly ServerLook[] };

/**
 * `agrees`: this copy lacks no more records than each other one. `differs`: another copy has more,
 * and did not lose them in the time that deletions and expiries take from server to server.
 * `unclear`: nobody to compare with, or not for long enough.
 */
export type CountsVerdict = 'agrees' | 'differs' | 'unclear';

/** Milliseconds in which what is gone on one server must be gone on the others. */
export const COUNTS_GRACE_MS = 5_000;

/**
 * Compares how many positions are empty in each copy, up to its own last position. An append changes
 * nothing of this number; a deletion or an expiry adds to it on every server, on one a little
 * earlier. So no common position is needed, and copies can be compared under load. A copy lacks
 * records if its number is one that another copy never reaches. Rounds are in the order of time.
 */
export function judgeCounts(server: string, rounds: readonly LookRound[]): CountsVerdict {
  const newest = rounds.at(-1);
  const own = newest === undefined ? undefined : findLook(newest, server);
  if (newest === undefined || own?.copy === undefined) return 'unclear';
  const since = rounds.findLastIndex((round) => {
    const look = findLook(round, server);
    return look !== undefined && look.serverId !== own.serverId;
  });
  const ownRounds = rounds.slice(since + 1);
  const others = newest.looks.filter((look) => look.server !== server && look.copy !== undefined);
  if (others.length === 0) return 'unclear';
  const verdicts = others.map((other) => judgePair(server, other.server, ownRounds));
  if (verdicts.includes('differs')) return 'differs';
  return verdicts.every((verdict) => verdict === 'agrees') ? 'agrees' : 'unclear';
}

function judgePair(server: string, other: string, rounds: readonly LookRound[]): CountsVerdict {
  const pairs = rounds.map((round) => ({
    atMs: round.atMs,
    own: findLook(round, server)?.copy,
    theirs: findLook(round, other)?.copy,
  }));
  for (const [index, { own }] of pairs.entries()) {
    const before = pairs[Math.max(0, index - 1)]?.theirs;
    // A copy that is catching up has not met its holes yet.
    if (own === undefined || before === undefined || own.last < before.last) continue;
    const later = pairs.slice(index).map(({ theirs }) => theirs);
    const isReached = later.some(
      (theirs) => theirs !== undefined && emptyIn(theirs) >= emptyIn(own),
    );
    if (isReached) return 'agrees';
    const [last, since] = [pairs.at(-1), pairs[index]];
    if (last?.theirs === undefined || since === undefined) continue;
    const isCaughtUp = last.theirs.last >= own.last;
    if (isCaughtUp && last.atMs - since.atMs >= COUNTS_GRACE_MS) return 'differs';
  }
  return 'unclear';
}

/** Positions up to the last one that hold no record. */
function emptyIn({ last, messages }: CopyCounts): number {
  return last - messages;
}

function findLook({ looks }: LookRound, server: string): ServerLook | undefined {
  return looks.find((look) => look.server === server);
}
