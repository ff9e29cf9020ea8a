import test from 'ava';
import { fill, markSlot, markSlots, namesIn, toTemplate } from './template.ts';

const values = {
  product: '{name}',
  name: '\uE000product\uE001',
  greeting: '',
  requests: '',
  count: '3',
  requestedAt: '',
  expiresAt: '',
  maskedAddress: '',
  link: '',
};

test('slots are filled once, whatever the values hold', (t) => {
  const template = toTemplate(markSlots('{name}{product} a {count}'));
  t.is(fill(template, values), '\uE000product\uE001{name} a 3');
});

test('each value is encoded, and nothing else', (t) => {
  const template = toTemplate(markSlots('<{count}>'));
  t.is(
    fill(template, values, (value) => `[${value}]`),
    '<[3]>',
  );
});

test('a text without slots stays', (t) => {
  t.is(fill(toTemplate('a {x} b'), values), 'a {x} b');
});

test('names in braces are found and become slots if they are known', (t) => {
  t.deepEqual(namesIn('{a} {b}{}'), ['a', 'b', '']);
  t.is(markSlots('{x} {link}'), `{x} ${markSlot('link')}`);
});

test('a slot with an unknown name is a fault', (t) => {
  t.throws(() => toTemplate('\uE000x\uE001'));
});
