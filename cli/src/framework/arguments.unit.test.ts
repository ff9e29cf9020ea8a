import test from 'ava';
import { parseArguments, parseInteger } from './arguments.ts';
import { type Command, UsageError } from './command.ts';

const command: Command = {
  name: 'feed',
  summary: '',
  operand: { name: 'file', isFile: true },
  options: [
    { name: 'count', value: '<n>', summary: '' },
    { name: 'kind', value: '<kind>', summary: '', choices: ['hay', 'oats'], isMany: true },
    { name: 'json', summary: '' },
  ],
  description: '',
  examples: [],
  run: async () => 0,
};

const refuses = test.macro<[string[], RegExp]>({
  title: (_, args) => `refuses ${args.length === 0 ? 'nothing' : args.join(' ')}`,
  exec: (t, args, message) => {
    t.throws(() => parseInteger(parseArguments(command, args), 'count', bounds), {
      instanceOf: UsageError,
      message,
    });
  },
});
const bounds = { min: 1, max: 256, byDefault: 32 };

test('reads operand, flags, values and repeated values', (t) => {
  const args = parseArguments(command, [
    '--kind',
    'hay',
    '-',
    '--json',
    '--kind=oats',
    '--count=7',
  ]);
  t.is(args.operand, '-');
  t.true(args.has('json'));
  t.is(args.value('count'), '7');
  t.deepEqual(args.values('kind'), ['hay', 'oats']);
  t.is(args.value('kind'), 'oats');
});

test('uses the default for a missing number', (t) => {
  t.is(parseInteger(parseArguments(command, ['x']), 'count', bounds), 32);
  t.is(parseInteger(parseArguments(command, ['x', '--count', '256']), 'count', bounds), 256);
});

test(refuses, [], /^<file> is missing$/);
test(refuses, ['a', 'b'], /^one operand is enough; 2 are given$/);
test(refuses, ['a', '--hay'], /^Unknown option '--hay'$/);
test(refuses, ['a', '--count'], /argument missing/);
test(refuses, ['a', '--kind', 'straw'], /^--kind cannot be "straw". It is one of: hay, oats$/);
test(refuses, ['a', '--count', '0'], /^--count takes 1 to 256$/);
test(refuses, ['a', '--count', '257'], /^--count takes 1 to 256$/);
test(refuses, ['a', '--count', '1e2'], /^--count takes 1 to 256$/);
test(refuses, ['a', '--count='], /^--count takes 1 to 256$/);

test('refuses an operand for a command without one', (t) => {
  const { operand: _, ...plain } = command;
  t.throws(() => parseArguments(plain, ['x']), { instanceOf: UsageError });
});

test('reads a second operand, and more of them only if it may be repeated', (t) => {
  const two: Command = { ...command, object: { name: 'bag' } };
  t.like(parseArguments(two, ['a', 'b']), { operand: 'a', object: 'b', objects: ['b'] });
  t.like(parseArguments(two, ['a']), { object: '', objects: [] });
  t.throws(() => parseArguments(two, ['a', 'b', 'c']), { message: /two operands are enough/ });
  const many: Command = { ...command, object: { name: 'bag', isMany: true, choices: ['b', 'c'] } };
  t.like(parseArguments(many, ['a', 'b', 'c']), { object: 'b', objects: ['b', 'c'] });
  t.throws(() => parseArguments(many, ['a', 'b', 'd']), { message: /<bag> cannot be "d"/ });
});
