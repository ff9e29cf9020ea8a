import test from 'ava';
import { parseTestArguments } from './arguments.ts';
import { compareFiles, DISTURBING, EARLY, QUIET } from './phases.ts';

const ATOMIC = 'e2e/guarantees/all-or-nothing.e2e.test.ts';
const DAMAGE = 'e2e/guarantees/damaged-copy.e2e.test.ts';
const CRASH = 'e2e/guarantees/crash-recovery.e2e.test.ts';
const PARTITION = 'e2e/guarantees/partition.e2e.test.ts';
const HISTORIES = 'e2e/guarantees/one-winner-histories.e2e.test.ts';
const SOAK = 'e2e/guarantees/soak.e2e.test.ts';
const MAIL = 'e2e/guarantees/welcome-mail-faults.e2e.test.ts';
const LEFT_OUT = [...EARLY, ...DISTURBING, ...QUIET].map((file) => `!${file}`);
const parse = (...args: string[]) => parseTestArguments(args, 7);

test('runs everything by default, and alone what needs a small log or disturbs the others', (t) => {
  const { phases, beside, withChecks, needsStack, env } = parse();
  t.deepEqual(beside, ['**/*.unit.test.ts']);
  t.deepEqual(phases, [
    { name: 'early', files: [...EARLY] },
    { name: 'shared', files: ['**/*.test.ts', '!**/*.unit.test.ts', ...LEFT_OUT] },
    { name: 'disturbing', files: DISTURBING.filter((file) => file !== SOAK) },
    { name: 'quiet', files: [...QUIET] },
  ]);
  t.true(withChecks);
  t.true(needsStack);
  t.deepEqual(env, {});
});

test('starts no servers for unit tests alone', (t) => {
  const { phases, beside, withChecks, needsStack } = parse('a/b.unit.test.ts');
  t.deepEqual(phases, [{ name: 'shared', files: ['a/b.unit.test.ts', ...LEFT_OUT] }]);
  t.deepEqual(beside, []);
  t.false(withChecks);
  t.false(needsStack);
});

test('starts the servers if any chosen file needs them', (t) => {
  t.true(parse('a.unit.test.ts', 'e2e/guarantees/one-winner.e2e.test.ts').needsStack);
});

test('runs a file that kills servers if it alone is named', (t) => {
  t.deepEqual(parse(CRASH).phases, [{ name: 'early', files: [CRASH] }]);
});

test('runs matching files of the same kinds one by one', (t) => {
  t.deepEqual(parse('e2e/guarantees/*.e2e.test.ts').phases, [
    { name: 'early', files: [...EARLY] },
    { name: 'shared', files: ['e2e/guarantees/*.e2e.test.ts', ...LEFT_OUT] },
    { name: 'disturbing', files: [...DISTURBING] },
    { name: 'quiet', files: [...QUIET] },
  ]);
});

test('searches for a title in all files except those that kill servers', (t) => {
  const files = ['**/*.test.ts', ...LEFT_OUT];
  t.deepEqual(parse('--match', 'x').phases, [{ name: 'shared', files }]);
});

test('a long run takes the files with a long form and has a seed', (t) => {
  const { phases, env, withChecks } = parse('--long');
  const fuzz = 'e2e/guarantees/fuzz*.e2e.test.ts';
  t.deepEqual(phases, [
    { name: 'early', files: [ATOMIC, CRASH, DAMAGE, 'e2e/guarantees/rebuild.e2e.test.ts'] },
    { name: 'shared', files: [fuzz, PARTITION, HISTORIES, ...LEFT_OUT] },
    { name: 'disturbing', files: [MAIL, SOAK] },
    {
      name: 'quiet',
      files: [
        'e2e/guarantees/conventions-database-away.e2e.test.ts',
        'e2e/guarantees/poison-event.e2e.test.ts',
      ],
    },
  ]);
  t.deepEqual(env, {
    ZAMENI_ATOMIC_SECONDS: '300',
    ZAMENI_CRASH_SECONDS: '600',
    ZAMENI_CROWD_PEOPLE: '10000',
    ZAMENI_DAMAGE: 'all',
    ZAMENI_FROZEN_SECONDS: '60',
    ZAMENI_FUZZ_REQUESTS: '100000',
    ZAMENI_HISTORIES: '1200',
    ZAMENI_MAIL_PEOPLE: '10000',
    ZAMENI_PARTITION_SECONDS: '300',
    ZAMENI_SOAK_SECONDS: '300',
    ZAMENI_SEED: '7',
  });
  t.false(withChecks);
});

test('files that run one by one are sorted as they are named, and others stay', (t) => {
  const files = ['b.unit.test.ts', ...QUIET, ...EARLY, 'a.unit.test.ts'].toSorted(compareFiles);
  t.deepEqual(files, ['b.unit.test.ts', 'a.unit.test.ts', ...EARLY, ...QUIET]);
});

test('accepts a seed', (t) => {
  t.deepEqual(parse('--seed', '42').env, { ZAMENI_SEED: '42' });
  t.throws(() => parse('--seed', 'x'), { message: /--seed takes a whole number/ });
});

test('refuses an unknown option with a hint', (t) => {
  t.throws(() => parse('--fast'), { message: /--help/ });
});
