import test from 'ava';
import { MAIL_KINDS, MAIL_VALUES, type MailKind, type MailValue } from '../mail.ts';
import { type MessageFile, readLanguages, toLanguages } from './languages.ts';
import { mailOf, values } from './mails.fixture.ts';
import { createRenderer } from './renderer.ts';

const languages = readLanguages();
const render = await createRenderer(languages);

/** Characters that end a line, turn its direction or do not show. Isolates are checked apart. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u061C\u200B\u200E\u200F\u202A-\u202E\uFEFF]/u;
const ISOLATES = /[\u2066-\u2069]/g;

/** What is left of a text without isolates that open and close again. */
function outsideIsolates(text: string): string {
  return text.replaceAll(/\u2068[^\u2066-\u2069]*\u2069/g, '');
}

/** The text that a reader of the HTML sees, tags removed. */
function visibleIn(html: string): string {
  return html
    .replaceAll(/<(head|style)[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<[^>]*>/g, ' ');
}

const isWhole = test.macro<[MailKind, string]>({
  title: (_, kind, tag) => `${kind} in ${tag} is whole`,
  exec: (t, kind, tag) => {
    const { subject, text, html, language, direction } = render(mailOf(kind, { locale: tag }));
    const told: readonly MailValue[] = MAIL_VALUES[kind];
    t.is(language, tag);
    t.is(direction, 'ltr');
    t.notRegex(subject, CONTROLS);
    t.false(subject.includes(values.displayName));
    for (const line of text.split('\n')) t.notRegex(line, CONTROLS);
    t.notRegex(`${subject}${text}${visibleIn(html)}`, /[{}]|undefined|null|NaN|Invalid/);
    t.true(html.startsWith('<!doctype html>'));
    t.regex(html, new RegExp(`<html lang="${tag}" dir="ltr"`));
    t.notRegex(html, /<img|<script|<link|@import|url\(|\ssrc=|\son\w+=/i);
    for (const part of [text, html]) {
      t.is(part.includes(values.displayName), told.includes('displayName'));
      t.is(part.includes('2026'), told.includes('requestedAt'));
      t.is(part.includes('UTC'), told.includes('requestedAt'));
      t.is(part.includes(values.maskedAddress), told.includes('maskedAddress'));
    }
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    const link = values.link.replace('&', '&amp;');
    t.deepEqual(links, told.includes('link') ? [link, link] : []);
    t.is(text.split('\n').includes(values.link), told.includes('link'));
  },
});

for (const { tag } of languages) for (const kind of MAIL_KINDS) test(isWhole, kind, tag);

test('English and Russian are there', (t) => {
  t.deepEqual(
    languages.map(({ tag }) => tag),
    ['en', 'ru'],
  );
});

const isHarmless = test.macro<[string]>({
  title: (what) => `a name that is ${what} is harmless`,
  exec: (t, displayName) => {
    for (const locale of ['en', 'ru']) {
      const mail = mailOf('confirm-attempt', { locale, displayName });
      const { subject, text, html } = render(mail);
      const usual = render(mailOf('confirm-attempt', { locale }));
      t.is(subject, usual.subject);
      const lines = text.split('\n');
      t.deepEqual(lines.slice(1), usual.text.split('\n').slice(1));
      t.notRegex(lines[0] ?? '', CONTROLS);
      t.notRegex(outsideIsolates(text), ISOLATES);
      t.true((lines[0] ?? '').length < 250);
      const tags = (html: string) => html.match(/<[^>]*>/g);
      t.deepEqual(tags(html), tags(usual.html));
      t.notRegex(outsideIsolates(html), ISOLATES);
    }
  },
});

test('markup', isHarmless, '<script>alert("1")</script>');
test('an attribute', isHarmless, '" onclick="x()\' style=\'color:red');
test('an end of a comment', isHarmless, '--><b>');
test('a placeholder', isHarmless, '{{x}} {product} {link} ${x} %x% $& $1');
test('a marked slot', isHarmless, '\uE000link\uE001');
test('a right-to-left override', isHarmless, '\u202Eevil\u202Egpj.');
test('a loose end of an isolate', isHarmless, 'a\u2069\u202Eb\u2068\u2067c');
test('several lines', isHarmless, 'Vera\r\nBcc: x\u2028y\u2029z\u0085');
test('a start of a body', isHarmless, 'Vera\n\n\nhi');
test('200 emoji', isHarmless, '😀'.repeat(200));
test('one letter with many marks', isHarmless, `Z${'\u0351'.repeat(199)}`);
test('half a character', isHarmless, 'Vera \uD83D');
test('right-to-left', isHarmless, 'ورا مارکوویچ');
test('nothing that shows', isHarmless, '\u200B\u200E');

test('markup in the name of the application is escaped', (t) => {
  const { subject, html } = render(mailOf('welcome', { product: '<b>&\n"' }));
  t.is(subject, 'Welcome to <b>& "');
  t.false(html.includes('<b>'));
  t.true(html.includes('<title>Welcome to &lt;b&gt;&amp; &quot;</title>'));
});

test('a name that mail programs could turn into a link is left out', (t) => {
  for (const displayName of ['Win at evil.example', 'https://x', 'a@b', 'WWW.x', 'x.рф']) {
    t.true(render(mailOf('confirm-attempt', { displayName })).text.startsWith('Hello,\n'));
  }
  const { text } = render(mailOf('confirm-attempt', { displayName: 'J. R. R. O’Neil Jr.' }));
  t.true(text.startsWith('Hello \u2068J. R. R. O’Neil Jr.\u2069,\n'));
});

test('a name is told only in mails that tell it', (t) => {
  const mail = { ...mailOf('confirm-mailbox'), displayName: 'Vera' };
  t.true(render(mail).text.startsWith('Hello,\n'));
});

const counts = test.macro<[string, number, string]>({
  title: (_, locale, count) => `${count} requests in ${locale}`,
  exec: (t, locale, count, sentence) => {
    const { text, html } = render(mailOf('confirm-mailbox', { locale, count }));
    t.true(text.includes(sentence), text);
    t.true(html.includes(sentence));
  },
});

test(counts, 'en', 1, 'entered 1 time within');
test(counts, 'en', 2, 'entered 2 times within');
test(counts, 'en', 1234, 'entered 1,234 times within');
test(counts, 'ru', 1, 'указали 1 раз.');
test(counts, 'ru', 3, 'указали 3 раза.');
test(counts, 'ru', 5, 'указали 5 раз.');
test(counts, 'ru', 12, 'указали 12 раз.');
test(counts, 'ru', 21, 'указали 21 раз.');
test(counts, 'ru', 22, 'указали 22 раза.');

test('times are in the language, in UTC', (t) => {
  const inText = (locale: string) => render(mailOf('confirm-attempt', { locale })).text;
  t.true(inText('en').includes('The link works until November 27, 2026 at 14:05 UTC.'));
  t.true(inText('ru').includes('перестанет действовать 27 ноября 2026 г. в 14:05 UTC.'));
});

const isIn = test.macro<[string, string]>({
  title: (_, locale, language) => `a mail for ${locale} is in ${language}`,
  exec: (t, locale, language) => {
    t.is(render(mailOf('welcome', { locale })).language, language);
  },
});

test(isIn, 'ru', 'ru');
test(isIn, 'RU-ru', 'ru');
test(isIn, 'ru-Cyrl-KZ-x-a', 'ru');
test(isIn, 'en-GB-u-nu-arab', 'en');
test(isIn, 'sr-Latn-RS', 'en');
test(isIn, 'rus', 'en');
test(isIn, 'xx', 'en');

test('a language of a new file that is written from right to left', async (t) => {
  const [en] = languages;
  const messages = { ...en?.messages, direction: 'rtl' };
  const files: MessageFile[] = ['en', 'fa'].map((tag) => ({
    name: `${tag}.json`,
    text: JSON.stringify(tag === 'en' ? en?.messages : messages),
  }));
  const render = await createRenderer(toLanguages(files));
  const mail = render(mailOf('confirm-attempt', { locale: 'fa-IR', product: 'C++' }));
  t.is(mail.direction, 'rtl');
  t.is(mail.subject, 'Confirm your address for \u2068C++\u2069');
  t.regex(mail.html, /<html lang="fa" dir="rtl"/);
  t.notRegex(mail.html, /direction:ltr|align="left"/);
  t.regex(mail.html, /<a href="[^"]*" dir="ltr"/);
});
