import test from 'ava';
import { type Counts, createResultCounter, sumResults } from './count-results.ts';

const counts = test.macro(
  (t, lines: readonly string[], exitCode: number | null, expected: Counts) => {
    const counter = createResultCounter();
    for (const line of lines) counter.add(line);
    const { passed, failed } = counter.finish(exitCode);
    t.deepEqual({ passed, failed }, expected);
  },
);

test(
  'counts passed tests and leaves out skipped ones',
  counts,
  ['', '  ✔ scale › takes a number', '  ✔ ports › are fixed (12ms)', '  - [skip] ports › later'],
  0,
  { passed: 2, failed: 0 },
);

test(
  'counts failed tests once, not again in their details',
  counts,
  ['  ✔ a › one', '  ✘ [fail]: a › two', '    ℹ a log', '  ─', '', '  ✘ quoted', '  1 test failed'],
  1,
  { passed: 1, failed: 1 },
);

test(
  'counts tests that never ended and files that broke',
  counts,
  [
    '  ✘ b.test.ts exited with a non-zero exit code: 1',
    '',
    '  ✘ Timed out while running tests',
    '',
    '  1 tests were pending in d.test.ts',
    '',
    '  ◌ d › hangs',
  ],
  1,
  { passed: 0, failed: 2 },
);

test('ignores colours', counts, ['  \u001B[32m✔\u001B[39m one'], 0, { passed: 1, failed: 0 });
test('counts a crash of the runner as one failure', counts, ['  ✔ one'], 7, {
  passed: 1,
  failed: 1,
});
test('counts a killed runner as one failure', counts, ['  ✔ one'], null, { passed: 1, failed: 1 });
test('counts an empty run as one failure', counts, [], 0, { passed: 0, failed: 1 });

test('adds up counts', (t) => {
  const sum = sumResults([
    { passed: 1, failed: 2, failures: ['a', 'b'] },
    { passed: 3, failed: 0, failures: [] },
  ]);
  t.deepEqual(sum, { passed: 4, failed: 2, failures: ['a', 'b'] });
});

test('keeps AVA’s output about failures, to repeat it at the end', (t) => {
  const counter = createResultCounter();
  for (const line of ['  ✔ a › one', '  ✘ [fail]: a › two', '  ─', '  a › two', '  Difference:']) {
    counter.add(line);
  }
  t.deepEqual(counter.finish(1).failures, [
    'AVA ended with 1',
    '  ─',
    '  a › two',
    '  Difference:',
  ]);
});

test('keeps no output if all tests passed', (t) => {
  const counter = createResultCounter();
  for (const line of ['  ✔ a › one', '  ─', '  1 test passed']) counter.add(line);
  t.deepEqual(counter.finish(0).failures, []);
});
