import test from 'ava';
import { AppError, Fault } from '../../errors.ts';
import { toErrorFields } from './error.ts';

test('an error has its type, code, message, places and causes', (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const fields = toErrorFields(
    new AppError('internal', { cause: new Fault('x', { cause: refused }) }),
  );
  t.like(fields, {
    'error.type': 'AppError',
    'error.code': 'internal',
    'zameni.error.causes': ['x', 'ECONNREFUSED: the connection was refused'],
  });
  const stack = String(fields['error.stack_trace']);
  t.regex(stack, /^AppError\n {4}at /);
  t.is(stack.match(/\ncaused by (?:Fault|Error)\n {4}at /g)?.length, 2);
  t.false(stack.includes('ECONNREFUSED'));
});

test('errors collected in one are its causes', (t) => {
  const several = new AggregateError([new Fault('IPv6'), new Error('IPv4')], 'not reached');
  t.deepEqual(toErrorFields(several)['zameni.error.causes'], ['IPv6', 'Error']);
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
test('a header', withheld, new Error('Headers.append: "Vera\nBeispiel"'), 'withheld');
test('a library', withheld, new Error('there is nobody like Vera'), 'withheld');
test(
  'a system error, which may name a file',
  withheld,
  Object.assign(new Error("ENOENT: open '/vera'"), { code: 'ENOENT' }),
  'there is no such file',
);
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
test(
  'an error with a name of its own',
  withheld,
  Object.assign(new Error('Vera'), { name: 'Vera Beispiel' }),
  'withheld',
);

test('a driver that lost its connection says so', (t) => {
  const lost = new Error('Connection terminated unexpectedly');
  t.is(toErrorFields(lost)['error.message'], 'Connection terminated unexpectedly');
});

test('a long message is cut off', (t) => {
  const long = toErrorFields(new Fault('x'.repeat(1_000)));
  t.is(String(long['error.message']).length, 500);
});

const PLACES = [
  '    at vera@example.org:1',
  '    at vera (/vera:1:1)',
  '    at file:///vera:1:1',
  '    at vera (/x/node_modules/vera:1:1)',
];

test('a place in a message is none', (t) => {
  for (const place of PLACES) {
    for (const message of [place, `first\n${place}`, `\n${place}\n`, `${place}\n${place}`]) {
      const fields = toErrorFields(new Error(message));
      t.false(JSON.stringify(fields).includes('vera'), message);
      t.regex(String(fields['error.stack_trace']), /^Error\n {4}at /);
    }
  }
});

test('without its message at its head, a stack is not read', (t) => {
  const changed = new Error(PLACES.join('\n'));
  // Reading it writes it.
  t.true(changed.stack?.includes('vera'));
  changed.message = 'changed';
  t.is(toErrorFields(changed)['error.stack_trace'], 'Error');
});

test('a place has an @ only in the name of a package', (t) => {
  const error = new Error('x');
  const good = [
    '    at Pool.query (/srv/node_modules/.pnpm/pg@8.1.0_a@1/node_modules/pg/lib/pool.js:1:2)',
    '    at async file:///srv/node_modules/@nats-io/jetstream/lib/a.js:1:2',
    '    at async Promise.all (index 0)',
    '    at new Thing (file:///srv/a b/thing.ts:1:2)',
    '    at Thing.run [as later] (node:internal/timers:1:2)',
  ];
  const bad = [
    '    at /vera@example.org:1:2',
    '    at vera@example.org (/srv/a.ts:1:2)',
    '    at /srv/node_modules/vera@example.org:1:2',
    '    at /srv/node_modules/pg/vera@example.org:1:2',
  ];
  error.stack = ['Error: x', ...good, ...bad].join('\n');
  const known = good.filter((line) => !line.includes('index 0'));
  t.is(toErrorFields(error)['error.stack_trace'], ['Error', ...known].join('\n'));
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
