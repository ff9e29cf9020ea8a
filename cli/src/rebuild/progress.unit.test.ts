import test from 'ava';
import { createMemoryScreen } from '../framework/io.fixture.ts';
import { showSteps } from '../framework/steps.ts';
import { comparison, versionOf } from './port.fixture.ts';
import { type RebuildProgress, toStep } from './progress.ts';

const COLUMNS = 80;

/** A quarter of the log is read, at 4,000 records a second. */
const filling: RebuildProgress = {
  version: versionOf(2, { state: 'building', position: 25_000, carriedPosition: 1 }),
  head: 100_000,
  elapsedMs: 5_000,
  read: 20_000,
};

test('before anything is filled, something is copied', (t) => {
  const version = versionOf(2, { state: 'building', position: 0, carriedPosition: null });
  t.deepEqual(toStep({ ...filling, version }), ['copying what the log does not keep', '']);
});

test('while it is filled, the progress names rate and time left', (t) => {
  t.deepEqual(toStep(filling), [
    'filling from the log',
    '[###.........]  25%  4,000 records/s  19 s left',
  ]);
});

test('the time left is in seconds, minutes or hours', (t) => {
  const leftOf = (head: number) =>
    toStep({ ...filling, head })[1]
      .split('  ')
      .at(-1);
  t.is(leftOf(25_001), '1 s left');
  t.is(leftOf(25_000 + 59 * 4_000), '59 s left');
  t.is(leftOf(25_000 + 61 * 4_000), '1 min 1 s left');
  t.is(leftOf(100_000_000), '6 h 56 min left');
});

test('without a rate there is no time left', (t) => {
  t.is(toStep({ ...filling, read: 0 })[1], '[###.........]  25%  0 records/s');
  t.is(toStep({ ...filling, read: 0, elapsedMs: 0 })[1], '[###.........]  25%  0 records/s');
});

test('an empty log, or a version ahead of a head that was read before, is filled', (t) => {
  for (const head of [0, 24_999]) {
    t.regex(toStep({ ...filling, head })[1], /^\[#{12}\] {2}100% .* 0 s left$/);
  }
});

test('then the rows that are compared are counted', (t) => {
  const tables = [...comparison.tables, ...comparison.tables];
  const version = { ...filling.version, comparison: { ...comparison, tables } };
  t.deepEqual(toStep({ ...filling, version }), ['comparing with the live version', '2,000 rows']);
});

test('rate and time left have room in a terminal', (t) => {
  const screen = createMemoryScreen({ isTerminal: true, columns: () => COLUMNS });
  const steps = showSteps(screen);
  steps.reportStep(...toStep({ ...filling, head: 85_000_000, read: 1_000_000, elapsedMs: 2_000 }));
  t.true(screen.text().includes('500,000 records/s  2 min 50 s left'), screen.text());
  steps.reportStep(...toStep({ ...filling, head: 850_000_000, read: 99_999, elapsedMs: 1_000 }));
  t.true(screen.text().includes('99,999 records/s  2 h 21 min left'), screen.text());
});
