import test from 'ava';
import { LanguageFilesError, readLanguages, toLanguages } from './languages.ts';

const messages = new Map(readLanguages().map((language) => [language.tag, language.messages]));

/** Text of a language's file in which the value at a path was replaced, or removed. */
function changed(tag: string, path: readonly string[], value?: unknown): string {
  const file: unknown = structuredClone(messages.get(tag));
  const parent = path
    .slice(0, -1)
    .reduce((at, name) => (at as Record<string, unknown>)[name], file);
  const last = path.at(-1) ?? '';
  if (value === undefined) Reflect.deleteProperty(parent as object, last);
  else Reflect.set(parent as object, last, value);
  return JSON.stringify(file);
}

const en = { name: 'en.json', text: JSON.stringify(messages.get('en')) };

const isFault = test.macro<[readonly string[], unknown, string]>({
  title: (title) => title ?? '',
  exec: (t, path, value, fault) => {
    const files = [en, { name: 'ru.json', text: changed('ru', path, value) }];
    const error = t.throws(() => toLanguages(files), { instanceOf: LanguageFilesError });
    t.deepEqual(error?.faults, [fault]);
  },
});

const attempt = ['mails', 'confirm-attempt'];
const requests = ['mails', 'confirm-mailbox', 'requests'];

test('a missing key', isFault, ['greeting'], undefined, 'ru.json: /greeting is missing');
test('a missing mail', isFault, attempt, undefined, 'ru.json: /mails/confirm-attempt is missing');
test(
  'a missing message',
  isFault,
  [...attempt, 'button'],
  undefined,
  'ru.json: /mails/confirm-attempt/button is missing',
);
test('an unknown key', isFault, ['farewell'], 'x', 'ru.json: /farewell is unknown');
test(
  'a button in a mail without a link',
  isFault,
  ['mails', 'welcome', 'button'],
  'x',
  'ru.json: /mails/welcome/button is unknown',
);
test('another type', isFault, ['greeting'], 7, 'ru.json: /greeting must be string');
test(
  'an empty message',
  isFault,
  ['greeting'],
  '',
  'ru.json: /greeting must not have fewer than 1 characters',
);
test(
  'an unknown direction',
  isFault,
  ['direction'],
  'up',
  'ru.json: /direction must be equal to one of the allowed values',
);
test(
  'an unknown placeholder',
  isFault,
  [...attempt, 'heading'],
  '{x}',
  'ru.json: /mails/confirm-attempt/heading has {x}, which is not filled in there',
);
test(
  'a name in a subject',
  isFault,
  [...attempt, 'subject'],
  '{name}',
  'ru.json: /mails/confirm-attempt/subject has {name}, which is not filled in there',
);
test('a brace alone', isFault, ['linkBelow'], 'a } b', 'ru.json: /linkBelow has a brace alone');
test('no name to greet', isFault, ['greetingByName'], 'x', 'ru.json: /greetingByName lacks {name}');
test(
  'no time of the request',
  isFault,
  [...attempt, 'why'],
  'x',
  'ru.json: /mails/confirm-attempt lacks {requestedAt}, in its body or in why',
);
test(
  'a missing plural form',
  isFault,
  [...requests, 'few'],
  undefined,
  'ru.json: /mails/confirm-mailbox/requests/few is missing: the language has this plural form',
);
test(
  'a plural form of other languages',
  isFault,
  [...requests, 'two'],
  '{count}',
  'ru.json: /mails/confirm-mailbox/requests/two is unknown: the language has no such plural form',
);

test('all faults of all files are listed', (t) => {
  const files = [
    { name: 'ru.json', text: changed('ru', ['greeting']) },
    { name: 'de.json', text: '{' },
    { name: 'notes.txt', text: en.text },
    { name: 'x-y.json', text: en.text },
  ];
  const error = t.throws(() => toLanguages(files), { instanceOf: LanguageFilesError });
  const name = 'its name is not a language tag with .json that Intl knows';
  t.deepEqual(error?.faults, [
    'ru.json: /greeting is missing',
    'de.json: it is not JSON',
    `notes.txt: ${name}`,
    `x-y.json: ${name}`,
    'en.json: it is missing, and other languages fall back to it',
  ]);
  t.regex(error?.message ?? '', /have 5 fault\(s\):\n {2}ru\.json: \/greeting is missing\n/);
});

test('a line break or a private character in a message is a fault', (t) => {
  for (const greeting of ['a\nb', '\uE000link\uE001', 'a\u0085']) {
    const text = changed('en', ['greeting'], greeting);
    t.throws(() => toLanguages([{ name: 'en.json', text }]), { message: /\/greeting must match/ });
  }
});
