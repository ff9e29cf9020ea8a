import test from 'ava';
import { parseScale } from './scale.ts';

test('runs one process of every service by default', (t) => {
  t.deepEqual(parseScale(''), { 'command-api': 1, projector: 1, 'query-api': 1, mailer: 1 });
});

test('reads the number of each named service', (t) => {
  t.deepEqual(parseScale('command-api=2, query-api=8'), {
    'command-api': 2,
    projector: 1,
    'query-api': 8,
    mailer: 1,
  });
});

test('a stack may run without a mailer', (t) => {
  t.is(parseScale('mailer=0').mailer, 0);
});

const refuses = test.macro((t, text: string, message: RegExp) => {
  t.throws(() => parseScale(text), { message });
});

test('refuses an unknown service', refuses, 'comand-api=2', /no service "comand-api"/);
test('refuses zero', refuses, 'projector=0', /from 1 to 8/);
test('refuses nine', refuses, 'projector=9', /from 1 to 8/);
test('refuses a missing number', refuses, 'projector', /projector=2/);
test('refuses a fraction', refuses, 'query-api=1.5', /from 1 to 8/);
test(
  'refuses a service named twice',
  refuses,
  'command-api=2,command-api=3',
  /command-api is named/,
);
