import type { CopyRecord } from '@zameni/runtime';

/** What is wrong with a copy: how many records, and the first of them. */
export type CopyFault = { readonly records: number; readonly first: number };

/**
 * Compares what servers hold of one range of positions, and names the copies at fault. A record
 * cannot come from nothing, so a copy that lacks one that another has is at fault, also if two of
 * three lack it. Of contents that differ the majority counts; without one, all are at fault.
 */
export function compareCopies(
  copies: ReadonlyMap<string, readonly CopyRecord[]>,
): ReadonlyMap<string, CopyFault> {
  const byServer = [...copies].map(([server, records]) => ({
    server,
    records: new Map(records.map((record) => [record.position, record])),
  }));
  const positions = new Set(byServer.flatMap(({ records }) => [...records.keys()]));
  const faults = new Map<string, CopyFault>();
  for (const position of positions) {
    const held = byServer.map(({ server, records }) => ({ server, record: records.get(position) }));
    for (const server of findFaulty(held)) {
      const { records = 0, first = position } = faults.get(server) ?? {};
      faults.set(server, { records: records + 1, first: Math.min(first, position) });
    }
  }
  return faults;
}

type Held = { readonly server: string; readonly record: CopyRecord | undefined };

function findFaulty(held: readonly Held[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { record } of held) {
    if (record !== undefined) counts.set(record.digest, (counts.get(record.digest) ?? 0) + 1);
  }
  const isEnding = held.some(({ record }) => record?.isEnding === true);
  const lacking = held.filter(({ record }) => record === undefined);
  const faulty = isEnding ? [] : lacking.map(({ server }) => server);
  if (counts.size === 1) return faulty;
  const most = Math.max(...counts.values());
  const winners = [...counts].filter(([, count]) => count === most);
  const right = winners.length === 1 ? winners[0]?.[0] : undefined;
  const differing = held.filter(({ record }) => record !== undefined && record.digest !== right);
  return [...faulty, ...differing.map(({ server }) => server)];
}
