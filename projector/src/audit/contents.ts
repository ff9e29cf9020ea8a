import { type CopyReader, delay, type LookAtServers, type OpenCopy } from '@zameni/runtime';
import { compareCopies, type CopyFault } from './compare-copies.ts';

/** A range of positions, both included. */
export type PositionRange = { readonly from: number; readonly to: number };

/** Copies at fault, by server. */
export type CopyFaults = ReadonlyMap<string, CopyFault>;

/** Looks at what servers hold of a range, until a difference is certain or gone. */
export type CompareContents = (
  servers: readonly string[],
  range: PositionRange,
  signal: AbortSignal,
) => Promise<CopyFaults>;

/** Opens copies; the time between two looks at a difference. */
export type ContentsOptions = {
  readonly lookAtServers: LookAtServers;
  readonly openCopy: OpenCopy;
  readonly againMs?: number;
};

/** A deletion reaches every server within this time, unless the server is behind. */
const AGAIN_MS = 2_000;

/** Looks at a difference before it counts. */
const LOOKS = 3;

/**
 * Compares ranges. While records are deleted, one server is a little ahead of another, so only a
 * copy that is at fault in each of three looks counts. A false alarm would take a healthy server
 * from the lead. A copy that is being filled is no copy of the range before it has passed its end.
 */
export function createCompareContents({
  lookAtServers,
  openCopy,
  againMs = AGAIN_MS,
}: ContentsOptions): CompareContents {
  return async (servers, range, signal) => {
    let faults = await compareOnce(servers, range, signal);
    for (let looks = 1; looks < LOOKS && faults.size > 0; looks += 1) {
      await delay(againMs, signal);
      const again = await compareOnce(servers, range, signal);
      faults = new Map([...again].filter(([server]) => faults.has(server)));
    }
    return faults;
  };

  async function compareOnce(
    servers: readonly string[],
    { from, to }: PositionRange,
    signal: AbortSignal,
  ): Promise<CopyFaults> {
    const looks = await lookAtServers(signal);
    const filled = servers.filter((name) =>
      looks.some(({ server, copy }) => server === name && (copy?.last ?? 0) >= to),
    );
    await using readers = await openAll(openCopy, filled, from, signal);
    return readers.compareUpTo(to, signal);
  }
}

/** Readers of several copies, all at the same position. */
export type CopyReaders = AsyncDisposable & {
  readonly compareUpTo: (position: number, signal: AbortSignal) => Promise<CopyFaults>;
};

/** Opens a reader for each server. */
export async function openAll(
  openCopy: OpenCopy,
  servers: readonly string[],
  from: number,
  signal: AbortSignal,
): Promise<CopyReaders> {
  const opened = await Promise.allSettled(servers.map((name) => openCopy(name, from, signal)));
  const readers = new Map<string, CopyReader>();
  for (const [index, result] of opened.entries()) {
    if (result.status === 'fulfilled') readers.set(servers[index] ?? '', result.value);
  }
  const close = async () => {
    await Promise.all([...readers.values()].map((reader) => reader[Symbol.asyncDispose]()));
  };
  const failed = opened.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    await close();
    throw failed.reason;
  }
  return {
    compareUpTo: async (position, end) => {
      const copies = await Promise.all(
        [...readers].map(async ([server, reader]) => {
          return [server, await reader.readUpTo(position, end)] as const;
        }),
      );
      return compareCopies(new Map(copies));
    },
    [Symbol.asyncDispose]: close,
  };
}
