import test from 'ava';
import { parseTestArguments } from './test-arguments.ts';

test('runs everything when nothing is chosen', (t) => {
  const { withChecks, needsStack } = parseTestArguments([]);
  t.true(withChecks);
  t.true(needsStack);
});

test('starts no servers for unit tests alone', (t) => {
  const { files, withChecks, needsStack } = parseTestArguments(['a/b.unit.test.ts']);
  t.deepEqual(files, ['a/b.unit.test.ts']);
  t.false(withChecks);
  t.false(needsStack);
});

test('starts the servers when any chosen file needs them', (t) => {
  t.true(parseTestArguments(['a.unit.test.ts', 'e2e/one-winner.e2e.test.ts']).needsStack);
});

test('refuses an unknown option with a hint', (t) => {
  t.throws(() => parseTestArguments(['--fast']), { message: /--help/ });
});
