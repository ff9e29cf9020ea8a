import test from 'ava';
import { toLine, toShownName, toShownProduct } from './foreign-text.ts';

test('a line keeps joiners, variation selectors and marks', (t) => {
  for (const text of ['👩‍👩‍👧', '❤️', 'می‌خواهم', 'क्‍ष', 'Å', 'Ａ']) t.is(toLine(text), text);
});

test('a line keeps a flag that is written with tags', (t) => {
  const flag = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
  t.is(toLine(`Fiona ${flag}`), `Fiona ${flag}`);
});

test('a line loses breaks, controls and turned directions', (t) => {
  t.is(toLine(' a\r\n\tb\u2028c\u0000 '), 'a b c');
  t.is(toLine('a\u202Eb\u2066c\u2069\u200E\u061C\uFEFF\u00AD\uE000\uD800'), 'abc');
});

test('a name is enclosed in an isolate', (t) => {
  t.is(toShownName('Vera'), '\u2068Vera\u2069');
  t.is(toShownName('ورا'), '\u2068ورا\u2069');
});

test('no name is shown if there is none', (t) => {
  for (const name of [undefined, '', ' \n', '\u202E']) t.is(toShownName(name), undefined);
});

test('a long name is cut between characters as people see them', (t) => {
  t.is(toShownName('👩‍👩‍👧'.repeat(100)), `\u2068${'👩‍👩‍👧'.repeat(80)}…\u2069`);
  t.is(toShownName('é'.repeat(200)), `\u2068${'é'.repeat(80)}…\u2069`);
  t.is(toShownName('👩‍👩‍👧'.repeat(80)), `\u2068${'👩‍👩‍👧'.repeat(80)}\u2069`);
});

test('the name of the application is enclosed where its direction could differ', (t) => {
  t.is(toShownProduct('Zameni 2 – Рога & Копыта', 'ltr'), 'Zameni 2 – Рога & Копыта');
  t.is(toShownProduct('زامنی', 'ltr'), '\u2068زامنی\u2069');
  t.is(toShownProduct('Zameni', 'rtl'), '\u2068Zameni\u2069');
});
