import test from 'ava';
import { createMemoryScreen } from './io.fixture.ts';
import { createScreen, toPrintable } from './io.ts';
import { drawProgress, showProgress } from './progress.ts';

const state = { done: 1_234, failed: 0, bytes: 50, totalBytes: 100, elapsedMs: 10_000 };

test('shows bar, share, lines, rate and remaining time on a wide terminal', (t) => {
  const line = drawProgress(state, 79);
  t.is(line, `[${'#'.repeat(15)}${'.'.repeat(15)}] 50%  1,234 lines  123/s  10 s left`);
});

test('shows no share for a pipe', (t) => {
  t.is(drawProgress({ ...state, totalBytes: undefined }, 79), '1,234 lines  123/s');
});

test('shows the number of lines that were not accepted', (t) => {
  t.regex(drawProgress({ ...state, failed: 3 }, 79), /3 not accepted/);
});

test('fits every width of a terminal', (t) => {
  for (let columns = 0; columns <= 120; columns += 1) {
    t.true(drawProgress({ ...state, failed: 3 }, columns).length <= columns, String(columns));
  }
  t.is(drawProgress(state, 20), ' 50%  1,234 lines');
});

test('shows a bar for an empty or growing file', (t) => {
  t.notThrows(() => drawProgress({ ...state, bytes: 0, totalBytes: 0 }, 79));
  t.regex(drawProgress({ ...state, bytes: 500 }, 79), /100%/);
});

test('writes nothing if the output is not a terminal', (t) => {
  const pipe = createMemoryScreen();
  showProgress(pipe, () => state)[Symbol.dispose]();
  t.is(pipe.text(), '');
});

test('clears the line at the end', (t) => {
  const terminal = createMemoryScreen({ isTerminal: true, columns: () => 40 });
  showProgress(terminal, () => state)[Symbol.dispose]();
  t.true(terminal.text().endsWith('\r\u001b[K'));
});

test('respects NO_COLOR and TERM=dumb', (t) => {
  const stream = Object.assign(process.stdout, {});
  const fake = { ...stream, isTTY: true, columns: 0, hasColors: () => true };
  const colorsWith = (env: Record<string, string>) => {
    // createScreen reads only these fields.
    return createScreen(fake as unknown as typeof process.stdout, env, () => undefined);
  };
  t.true(colorsWith({}).hasColors);
  t.is(colorsWith({}).columns(), 80);
  t.false(colorsWith({ NO_COLOR: '1' }).hasColors);
  t.false(colorsWith({ TERM: 'dumb' }).isTerminal);
});

test('escapes characters that control a terminal', (t) => {
  t.is(toPrintable('Věra \u001b[2J\u202e\n'), 'Věra \\u{1b}[2J\\u{202e}\\u{a}');
});
