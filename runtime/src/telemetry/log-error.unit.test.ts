import test from 'ava';
import { AppError } from '../errors.ts';
import { toErrorFields } from './log-error.ts';

test('an error has its type, code, message, places and causes', (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const fields = toErrorFields(
    new AppError('internal', { cause: new Error('x', { cause: refused }) }),
  );
  t.like(fields, {
    'error.type': 'AppError',
    'error.code': 'internal',
    'zameni.error.causes': ['x', 'ECONNREFUSED: connect ECONNREFUSED'],
  });
  const stack = String(fields['error.stack_trace']);
  t.regex(stack, /^AppError\n {4}at /);
  t.is(stack.match(/\ncaused by Error\n {4}at /g)?.length, 2);
  t.false(stack.includes('ECONNREFUSED'));
});

test('errors collected in one are its causes', (t) => {
  const several = new AggregateError([new Error('IPv6'), new Error('IPv4')], 'not reached');
  t.deepEqual(toErrorFields(several)['zameni.error.causes'], ['IPv6', 'IPv4']);
});

const withheld = test.macro<[Error, string]>({
  title: (title = '') => `the message of ${title} is not written`,
  exec: (t, error, message) => {
    const fields = toErrorFields(new Error('apply failed', { cause: error }));
    t.false(JSON.stringify(fields).toLowerCase().includes('vera'));
    t.is(toErrorFields(error)['error.message'], message);
  },
});

test(
  'Postgres',
  withheld,
  Object.assign(new Error('invalid input: "vera"'), {
    code: '22P02',
    severity: 'ERROR',
    detail: 'Key (email)=(vera@example.org) exists.',
  }),
  'SQLSTATE 22P02',
);
test('a mail server', withheld, new Error('550 5.1.1 <vera@example.org> unknown'), 'withheld');
test('a parser', withheld, new SyntaxError('Unexpected token V, "Vera" is not valid'), 'withheld');

test('Node', withheld, new TypeError("Received type string ('Vera Beispiel')"), 'withheld');
test('a header', withheld, new Error('Headers.append: "Vera"'), 'withheld');
test(
  'a time zone',
  withheld,
  new RangeError('Invalid time zone specified: Vera/Beispiel'),
  'withheld',
);
test(
  'a reply without an address',
  withheld,
  new Error('550 5.1.1 Unknown user: vera.beispiel'),
  'withheld',
);

test('a long message is cut off, and a place in a message is none', (t) => {
  const long = toErrorFields(new Error('x'.repeat(1_000)));
  t.is(String(long['error.message']).length, 500);
  const fields = toErrorFields(new Error('first\n    at vera@example.org:1\n    at vera (x:1)'));
  t.false(JSON.stringify(fields).includes('vera'));
});

test('something else than an error has a type only', (t) => {
  t.deepEqual(toErrorFields('vera@example.org'), { 'error.type': 'string' });
});

test('a code that is no word is not written', (t) => {
  const error = Object.assign(new Error('x'), { code: 'vera@example.org' });
  t.is(toErrorFields(error)['error.code'], undefined);
});

test('a chain of causes that never ends is cut off', (t) => {
  const error = new Error('endless');
  error.cause = error;
  t.is(toErrorFields(error)['zameni.error.causes']?.length, 5);
});
