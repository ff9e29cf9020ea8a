import type { ReadModelsComparison, TableComparison } from '@zameni/contracts';
import { createBackoff, delay } from '@zameni/runtime';
import {
  type ComparedTable,
  type CompareStore,
  MAX_DIFFERENCES,
  type ParkedComparison,
  type RowDifference,
  type RowsComparison,
} from './compare-store.ts';

/** The signal, and the callback for what is known so far. */
export type CompareOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: (comparison: ReadModelsComparison) => Promise<void>;
};

/** Looks at a difference until it counts, if the row does not change meanwhile. */
const LOOKS = 3;

/** Looks at rows that change all the time. */
const MAX_LOOKS = 30;

/** Milliseconds until the slower version must have reached a position. */
const REACHED_MS = 60_000;

const POLLS = { baseMs: 50, maxMs: 500 };

/** Keys of rows that differ, for each table. */
const MAX_EXAMPLES = 10;

/**
 * Compares two versions row by row, in ranges of the primary key, while both advance. A row that
 * differs may only be behind in one version. So it is looked at again after both have passed where
 * the further one was. It counts if it differs in the same way three times. Of more rows than a lag
 * explains, the first ones are looked at again, and the others count.
 */
export async function compareVersions(
  store: CompareStore,
  { signal, onProgress }: CompareOptions,
): Promise<ReadModelsComparison> {
  const done: TableComparison[] = [];
  const report = (isDone: boolean, tables: TableComparison[]): ReadModelsComparison => {
    return { isDone, isEqual: tables.every(isEqual), tables };
  };
  for (const table of await store.readTables()) {
    const candidates = new Map<string, RowDifference>();
    let rows = 0;
    let more = 0;
    let reached = 0;
    let after: string | null = null;
    do {
      signal.throwIfAborted();
      const to: string | null = await store.readRangeEnd(table, after);
      const range: RowsComparison = await store.compare(table, { after, to });
      rows += range.rows;
      reached = Math.max(reached, range.positions.live, range.positions.built);
      for (const difference of range.differences) {
        if (candidates.size < MAX_DIFFERENCES) candidates.set(difference.key, difference);
        else more += 1;
      }
      more += range.differing - range.differences.length;
      await onProgress(report(false, [...done, toTableComparison(table, rows, [])]));
      after = to;
    } while (after !== null);
    const differences = await settle(store, table, { candidates, reached, signal });
    done.push(toTableComparison(table, rows, differences, more));
  }
  // What one version has parked, the other one may only not have read yet.
  const { live, built } = await store.readPositions();
  await untilReached(store, Math.max(live, built), signal);
  return report(true, [...done, ...compareParked(await store.readParked())]);
}

/** Looks again at rows that differ, until each is equal or differs for certain. */
async function settle(
  store: CompareStore,
  table: ComparedTable,
  found: {
    readonly candidates: ReadonlyMap<string, RowDifference>;
    readonly reached: number;
    readonly signal: AbortSignal;
  },
): Promise<readonly RowDifference[]> {
  let looks = new Map([...found.candidates].map(([key, last]) => [key, { last, same: 1 }]));
  let { reached } = found;
  const certain: RowDifference[] = [];
  for (let round = 1; looks.size > 0; round += 1) {
    // A version that does not move cannot excuse what differs.
    const isReached = await untilReached(store, reached, found.signal);
    if (!isReached) return [...certain, ...[...looks.values()].map(({ last }) => last)];
    const again = await store.compare(table, { keys: [...looks.keys()] });
    reached = Math.max(again.positions.live, again.positions.built);
    const next: typeof looks = new Map();
    for (const last of again.differences) {
      const before = looks.get(last.key);
      const isSame = JSON.stringify(before?.last) === JSON.stringify(last);
      const same = isSame ? (before?.same ?? 0) + 1 : 1;
      if (same >= LOOKS) certain.push(last);
      // A row that never stands still is not different, but busy.
      else if (round < MAX_LOOKS) next.set(last.key, { last, same });
    }
    looks = next;
  }
  return certain;
}

/** Waits until both versions have passed a position. Returns false if one takes too long. */
async function untilReached(
  { readPositions }: CompareStore,
  position: number,
  signal: AbortSignal,
): Promise<boolean> {
  const endsAt = performance.now() + REACHED_MS;
  const backoff = createBackoff(POLLS);
  while (performance.now() < endsAt) {
    const { live, built } = await readPositions();
    if (Math.min(live, built) >= position) return true;
    await delay(POLLS.baseMs + backoff.nextMs(), signal);
  }
  return false;
}

/** Readers would miss what is parked in one version only. */
function compareParked({ count, onlyLive, onlyBuilt }: ParkedComparison): TableComparison[] {
  if (count === 0) return [];
  return [
    {
      table: 'parked',
      rows: count,
      onlyLive: onlyLive.length,
      onlyNew: onlyBuilt.length,
      differing: 0,
      columns: {},
      newColumns: [],
      examples: [...onlyLive, ...onlyBuilt].slice(0, MAX_EXAMPLES),
    },
  ];
}

function toTableComparison(
  { name, newColumns }: ComparedTable,
  rows: number,
  differences: readonly RowDifference[],
  more = 0,
): TableComparison {
  const both = differences.filter(({ only }) => only === null);
  const columns = both.flatMap((difference) => difference.columns);
  return {
    table: name,
    rows,
    onlyLive: differences.filter(({ only }) => only === 'live').length,
    onlyNew: differences.filter(({ only }) => only === 'built').length,
    differing: both.length + more,
    columns: Object.fromEntries(
      [...Map.groupBy(columns, (column) => column)].map(([column, all]) => [column, all.length]),
    ),
    newColumns: [...newColumns],
    examples: differences.slice(0, MAX_EXAMPLES).map(({ key }) => key),
  };
}

/** New columns are a change of the code that the comparison cannot judge. */
function isEqual({ onlyLive, onlyNew, differing, newColumns }: TableComparison): boolean {
  return onlyLive + onlyNew + differing + newColumns.length === 0;
}
