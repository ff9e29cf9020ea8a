import { type Clock, DEADLINES, type LiveCheckpoint } from '@zameni/runtime';

/** What looks at the primary have found: one each second. */
export type PrimaryLooks = {
  /** Learns from a look. Undefined if it failed. */
  readonly learn: (found: LiveCheckpoint | undefined) => void;
  /** The checkpoint of the last look. Undefined if it failed. */
  readonly last: () => LiveCheckpoint | undefined;
  /** The position that the last look with success found, or 0. */
  readonly newest: () => number;
  /** A position that the looks of the last second, and the one before them, have all reached, or 0. */
  readonly lately: () => number;
};

/** What a look found, and when, in milliseconds of the clock. */
type Look = { readonly position: number; readonly atMs: number };

/** Milliseconds that others have to reach a position after a look has found it. */
const LATELY_MS = DEADLINES.primaryLook;

/** Remembers the looks of the last second, and the one before them. */
export function createPrimaryLooks(clock: Clock): PrimaryLooks {
  let last: LiveCheckpoint | undefined;
  let looks: readonly Look[] = [];

  /** The newest look that is old enough, and those after it. */
  function since(nowMs: number): readonly Look[] | undefined {
    const oldEnough = looks.findLastIndex(({ atMs }) => atMs <= nowMs - LATELY_MS);
    return oldEnough === -1 ? undefined : looks.slice(oldEnough);
  }

  return {
    learn: (found) => {
      last = found;
      if (found === undefined) return;
      looks = [...looks, { position: found.position, atMs: clock.now() }];
      looks = since(clock.now()) ?? looks;
    },
    last: () => last,
    newest: () => looks.at(-1)?.position ?? 0,
    // After a restored backup the position is lower than it was.
    lately: () => Math.min(...(since(clock.now())?.map(({ position }) => position) ?? [0])),
  };
}
