import type { OpenCopy } from '@zameni/runtime';
import { type CompareContents, type CopyFaults, type CopyReaders, openAll } from './contents.ts';

/** A comparison of all copies from the first record on, in pieces. */
export type Walk = AsyncDisposable & {
  /** Begins at the first position again. An urgent walk does not rest. */
  readonly begin: (options: { readonly to: number; readonly isUrgent: boolean }) => void;
  /** Compares some pieces. Returns the copies at fault. */
  readonly goOn: (servers: readonly string[], signal: AbortSignal) => Promise<CopyFaults>;
  readonly isOver: () => boolean;
  /** The last position that was compared. */
  readonly at: () => number;
};

/** What a walk reads with. */
export type WalkDeps = { readonly openCopy: OpenCopy; readonly compare: CompareContents };

/** Positions of a piece. */
const PIECE = 1_000;

/** Milliseconds of each second for a walk, and for an urgent one. */
const SHARE_MS = 100;
const URGENT_SHARE_MS = 800;

/**
 * Only a walk sees a record that a server holds by its index but cannot read: the server counts it
 * as there and answers that it is not. It takes a tenth of the auditor's time, unless the counts
 * already differ. When the servers change it begins again.
 */
export function createWalk({ openCopy, compare }: WalkDeps): Walk {
  let position = 0;
  let end = 0;
  let shareMs = SHARE_MS;
  let names = '';
  let readers: CopyReaders | undefined;

  async function close(): Promise<void> {
    const old = readers;
    readers = undefined;
    await old?.[Symbol.asyncDispose]();
  }

  async function open(servers: readonly string[], signal: AbortSignal): Promise<CopyReaders> {
    readers ??= await openAll(openCopy, servers, position + 1, signal);
    return readers;
  }

  return {
    begin: ({ to, isUrgent }) => {
      position = 0;
      end = to;
      shareMs = isUrgent ? URGENT_SHARE_MS : SHARE_MS;
      names = '';
    },
    goOn: async (servers, signal) => {
      const untilMs = performance.now() + shareMs;
      if (names !== servers.join()) {
        names = servers.join();
        position = 0;
        await close();
      }
      while (position < end && servers.length > 1 && performance.now() < untilMs) {
        const from = position + 1;
        const to = Math.min(end, position + PIECE);
        let faults: CopyFaults;
        try {
          faults = await (await open(servers, signal)).compareUpTo(to, signal);
          if (faults.size > 0) faults = await compare(servers, { from, to }, signal);
        } catch (error) {
          await close();
          throw error;
        }
        position = to;
        if (faults.size > 0) return faults;
      }
      if (position >= end) await close();
      return new Map();
    },
    isOver: () => position >= end,
    at: () => position,
    [Symbol.asyncDispose]: close,
  };
}
