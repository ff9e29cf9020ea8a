import type { ReadModelsComparison } from '@zameni/contracts';
import test from 'ava';
import type { CompareStore, ParkedComparison, RowDifference } from './compare-store.ts';
import { compareVersions } from './compare.ts';

const { signal } = new AbortController();
const people = { name: 'users', key: ['user_id'], columns: ['user_id', 'status'], newColumns: [] };

function differs(key: string, fields: Partial<RowDifference> = {}): RowDifference {
  return { key, only: null, columns: ['status'], positions: [3, 3], ...fields };
}

/** A store with one table. Each look at rows takes the next differences; the last ones stay. */
function createStore(
  looks: readonly (readonly RowDifference[])[],
  ranges: readonly string[] = [],
  parked: ParkedComparison = { count: 0, onlyLive: [], onlyBuilt: [] },
) {
  const asked: string[] = [];
  let look = 0;
  let position = 10;
  const store: CompareStore = {
    readTables: async () => [people],
    readRangeEnd: async (_, after) =>
      ranges[after === null ? 0 : ranges.indexOf(after) + 1] ?? null,
    compare: async (_, rows) => {
      asked.push('keys' in rows ? `keys ${rows.keys.join()}` : `${rows.after}..${rows.to}`);
      const differences = looks[Math.min(look, looks.length - 1)] ?? [];
      look += 1;
      const differing = differences.length;
      return {
        rows: 5,
        differing,
        differences,
        positions: { live: position, built: position - 2 },
      };
    },
    readPositions: async () => {
      position += 1;
      return { live: position, built: position };
    },
    readParked: async () => parked,
  };
  return { store, asked };
}

async function compare({ store }: { readonly store: CompareStore }): Promise<ReadModelsComparison> {
  return compareVersions(store, { signal, onProgress: async () => undefined });
}

test('equal tables are compared range by range', async (t) => {
  const setup = createStore([[]], ['b', 'd']);
  const { isDone, isEqual, tables } = await compare(setup);
  t.deepEqual(setup.asked, ['null..b', 'b..d', 'd..null']);
  t.true(isDone && isEqual);
  t.like(tables[0], { table: 'users', rows: 15, differing: 0 });
});

test('a row that was only behind does not differ', async (t) => {
  const setup = createStore([[differs('a'), differs('b')], [differs('b')], []]);
  t.true((await compare(setup)).isEqual);
  t.deepEqual(setup.asked, ['null..null', 'keys a,b', 'keys b']);
});

test('a row that stays different differs, also if only one version has it', async (t) => {
  const setup = createStore([
    [
      differs('a'),
      differs('b', { columns: ['status', 'email'] }),
      differs('c', { only: 'live', columns: [] }),
      differs('d', { only: 'built', columns: [] }),
    ],
  ]);
  const { isEqual, tables } = await compare(setup);
  t.false(isEqual);
  t.like(tables[0], {
    onlyLive: 1,
    onlyNew: 1,
    differing: 2,
    columns: { status: 2, email: 1 },
    examples: ['a', 'b', 'c', 'd'],
  });
  t.is(setup.asked.length, 3);
});

test('a row that changes between two looks gets more of them, but not for ever', async (t) => {
  const moving = Array.from({ length: 4 }, (_, n) => [differs('a', { positions: [n, n + 1] })]);
  t.true((await compare(createStore([...moving, []]))).isEqual);
  const restless = Array.from({ length: 99 }, (_, n) => [differs('a', { positions: [n, n + 1] })]);
  const setup = createStore(restless);
  t.true((await compare(setup)).isEqual);
  t.is(setup.asked.length, 31);
});

test('a column of one version only is a difference', async (t) => {
  const { store } = createStore([[]]);
  const readTables = async () => [{ ...people, newColumns: ['phone'] }];
  const { isEqual, tables } = await compare({ store: { ...store, readTables } });
  t.false(isEqual);
  t.deepEqual(tables[0]?.newColumns, ['phone']);
});

test('what is parked in one version only is a difference', async (t) => {
  const subject = 'zameni.account.a';
  const same = createStore([[]], [], { count: 1, onlyLive: [], onlyBuilt: [] });
  t.true((await compare(same)).isEqual);
  const other = createStore([[]], [], { count: 1, onlyLive: [], onlyBuilt: [subject] });
  const { isEqual, tables } = await compare(other);
  t.false(isEqual);
  t.like(tables.at(-1), { table: 'parked', onlyNew: 1, examples: [subject] });
});

test('of very many differences the first are looked at again, and the rest counts', async (t) => {
  const many = Array.from({ length: 1_200 }, (_, n) => differs(String(n)));
  const { tables } = await compare(createStore([many, many.slice(0, 1_000)]));
  t.is(tables[0]?.differing, 1_200);
});
