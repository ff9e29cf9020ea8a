import test from 'ava';
import { createMemoryScreen } from './io.fixture.ts';
import { createScreen, toPrintable } from './io.ts';
import { drawProgress, showProgress } from './progress.ts';

const state = { settled: 1_234, failed: 0, bytes: 50, totalBytes: 100, elapsedMs: 10_000 };

test('a wide terminal shows bar, share, lines, rate and the time left', (t) => {
  const line = drawProgress(state, 79);
  t.is(line, `[${'#'.repeat(15)}${'.'.repeat(15)}] 50%  1,234 lines  123/s  10 s left`);
});

test('a pipe shows no share', (t) => {
  t.is(drawProgress({ ...state, totalBytes: undefined }, 79), '1,234 lines  123/s');
});

test('what was not accepted is shown as it happens', (t) => {
  t.regex(drawProgress({ ...state, failed: 3 }, 79), /3 not accepted/);
});

test('no terminal is too narrow', (t) => {
  for (let columns = 0; columns <= 120; columns += 1) {
    t.true(drawProgress({ ...state, failed: 3 }, columns).length <= columns, String(columns));
  }
  t.is(drawProgress(state, 20), ' 50%  1,234 lines');
});

test('an empty or growing file does not break the bar', (t) => {
  t.notThrows(() => drawProgress({ ...state, bytes: 0, totalBytes: 0 }, 79));
  t.regex(drawProgress({ ...state, bytes: 500 }, 79), /100%/);
});

test('nothing is drawn where nobody looks', (t) => {
  const pipe = createMemoryScreen();
  showProgress(pipe, () => state)[Symbol.dispose]();
  t.is(pipe.text(), '');
});

test('the line is gone in the end', (t) => {
  const terminal = createMemoryScreen({ isTerminal: true, columns: () => 40 });
  showProgress(terminal, () => state)[Symbol.dispose]();
  t.true(terminal.text().endsWith('\r\u001b[K'));
});

test('NO_COLOR and TERM=dumb are heeded', (t) => {
  const stream = Object.assign(process.stdout, {});
  const fake = { ...stream, isTTY: true, columns: 0, hasColors: () => true };
  const colorsWith = (env: Record<string, string>) => {
    // Only these fields are looked at when a screen is made.
    return createScreen(fake as unknown as typeof process.stdout, env);
  };
  t.true(colorsWith({}).hasColors);
  t.is(colorsWith({}).columns(), 80);
  t.false(colorsWith({ NO_COLOR: '1' }).hasColors);
  t.false(colorsWith({ TERM: 'dumb' }).isTerminal);
});

test('characters that steer a terminal are written out', (t) => {
  t.is(toPrintable('Věra \u001b[2J\u202e\n'), 'Věra \\u{1b}[2J\\u{202e}\\u{a}');
});
