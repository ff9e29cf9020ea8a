import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readMessages } from './messages.ts';

const messages = readMessages();
const english: Readonly<Record<string, string>> = messages['en'] ?? {};
const folder = join(import.meta.dirname, 'browser');
const scripts = readdirSync(folder)
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

/** The names of values in a text. */
const valuesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([found]) => found).join();

test('there are English and Russian texts', (t) => {
  t.deepEqual(Object.keys(messages), ['en', 'ru']);
});

for (const [tag, texts] of Object.entries(messages)) {
  test(`${tag} has every text of English, with the same values`, (t) => {
    t.deepEqual(Object.keys(texts), Object.keys(english));
    for (const [name, text] of Object.entries(texts)) {
      t.not(text.trim(), '', name);
      t.deepEqual(valuesIn(text), valuesIn(english[name] ?? ''), name);
    }
  });

  test(`${tag} is a language that dates can be written in`, (t) => {
    t.deepEqual(Intl.DateTimeFormat.supportedLocalesOf(tag), [tag]);
  });
}

test('every text is used', (t) => {
  for (const name of Object.keys(english)) {
    const isOfService = name === 'language' || name === 'late';
    t.true(isOfService || scripts.includes(`'${name}'`), name);
  }
});
