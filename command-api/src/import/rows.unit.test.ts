import { AppError, type Line } from '@zameni/runtime';
import test from 'ava';
import type { ImportedRow } from './row.ts';
import { takeRows } from './rows.ts';

const toLine = (number: number, text: string): Line => {
  return { number, endsAt: number, content: Buffer.from(text) };
};

/** Lines that count how many of them were read, and may then end in a fault. */
function createLines(texts: readonly string[], fault?: Error) {
  const read = { count: 0 };
  async function* lines(): AsyncGenerator<Line> {
    for (const [index, text] of texts.entries()) {
      read.count += 1;
      yield toLine(index + 1, text);
    }
    if (fault !== undefined) throw fault;
  }
  return { lines: lines(), read };
}

const done = ({ number }: Line): ImportedRow => ({
  row: { line: number, outcome: 'failed', code: 'internal' },
});

test('concurrent rows are limited, and no line is read ahead of them', async (t) => {
  const { lines, read } = createLines(Array.from({ length: 20 }, () => '{}'));
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  const intake = takeRows({
    lines,
    maxRows: 100,
    concurrency: 3,
    importRow: async (line) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => waiting.push(resolve));
      underWay -= 1;
      return done(line);
    },
  });
  for (let ended = 0; ended < 20; ended += 1) {
    while (waiting.length === 0) await new Promise(setImmediate);
    t.true(read.count <= ended + 4, `${read.count} lines read when ${ended} rows were done`);
    waiting.shift()?.();
  }
  const { rows, fault } = await intake;
  t.is(fault, undefined);
  t.is(most, 3);
  const lineNumbers = (await Promise.all(rows)).map(({ row }) => row.line);
  t.deepEqual(
    lineNumbers,
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
});

test('an upload that breaks off keeps the rows before it', async (t) => {
  const broken = new Error('gone');
  const { lines } = createLines(['{}', '', '{}'], broken);
  const intake = await takeRows({
    lines,
    maxRows: 100,
    concurrency: 3,
    importRow: async (line) => done(line),
  });
  t.is(intake.fault, broken);
  t.is(intake.rows.length, 2);
});

test('the row beyond the maximum does not begin and ends the upload', async (t) => {
  const { lines, read } = createLines(['{}', '{}', ' ', '{}', '{}', '{}']);
  const { rows, fault } = await takeRows({
    lines,
    maxRows: 2,
    concurrency: 3,
    importRow: async (line) => done(line),
  });
  t.true(fault instanceof AppError && fault.code === 'payload-too-large');
  t.is(rows.length, 2);
  t.is(read.count, 4);
});

test('one blank line beyond the maximum ends the upload', async (t) => {
  const { lines, read } = createLines(['', '{}', ' ', '\t', '{}']);
  const { rows, fault } = await takeRows({
    lines,
    maxRows: 2,
    concurrency: 3,
    importRow: async (line) => done(line),
  });
  t.true(fault instanceof AppError && fault.code === 'payload-too-large');
  t.is(rows.length, 1);
  t.is(read.count, 4);
});

test('other work gets its turn while all lines are available without a wait', async (t) => {
  const { lines } = createLines(Array.from({ length: 50 }, () => '{}'));
  let turns = 0;
  let next: NodeJS.Immediate;
  const takeTurn = () => {
    turns += 1;
    next = setImmediate(takeTurn);
  };
  takeTurn();
  t.teardown(() => clearImmediate(next));
  await takeRows({
    lines,
    maxRows: 100,
    concurrency: 3,
    importRow: async (line) => {
      const endsAt = performance.now() + 4;
      while (performance.now() < endsAt);
      return done(line);
    },
  });
  t.true(turns > 5);
});
