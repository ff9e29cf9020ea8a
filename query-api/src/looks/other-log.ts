import type { Clock, LiveCheckpoint } from '@zameni/runtime';

/** Whether the read models are those of another history of the log than the one that is there. */
export type OtherLog = {
  readonly isOther: () => boolean;
  /** A way to read the head that compares each one it reads. */
  readonly comparing: (readHead: () => Promise<number>) => () => Promise<number>;
};

/** What a head is compared with. */
export type OtherLogOptions = {
  /** The live checkpoint as the last look found it. Undefined if that failed. */
  readonly checkpoint: () => LiveCheckpoint | undefined;
  readonly clock: Clock;
};

/**
 * Milliseconds after which another look must find the same: a leader that was just elected may not
 * know its newest records at once. Less than the pause between looks.
 */
const AGREED_MS = 800;

/**
 * Compares heads with the live checkpoint. If the log ends before it, the log was restored from a
 * copy, and the rows cover no position of it. That stays so for this checkpoint, also when the log
 * is longer than it again. The projector finds the same and notes it; but it may be away.
 */
export function createOtherLog({ checkpoint, clock }: OtherLogOptions): OtherLog {
  let beyond:
    | (LiveCheckpoint & { readonly sinceMs: number; readonly isAgreed: boolean })
    | undefined;

  function compare({ version, position }: LiveCheckpoint, head: number): void {
    const isKnown = beyond?.version === version && beyond.position === position;
    if (isKnown && beyond?.isAgreed === true) return;
    const now = clock.now();
    const sinceMs = isKnown ? (beyond?.sinceMs ?? now) : now;
    const isAgreed = now - sinceMs >= AGREED_MS;
    beyond = head < position ? { version, position, sinceMs, isAgreed } : undefined;
  }

  return {
    isOther: () => beyond?.isAgreed === true,
    comparing: (readHead) => async () => {
      // Found before the head is read, so that the head is not behind it.
      const found = checkpoint();
      const head = await readHead();
      if (found !== undefined) compare(found, head);
      return head;
    },
  };
}
