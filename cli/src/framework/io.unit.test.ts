import test from 'ava';
import { toJsonLine, toPrintable } from './io.ts';

/** ESC, CSI as one character of C1, the end of a line, and a mark that turns the text around. */
const HOSTILE = 'a\u001b[2J\u009b2J\u2028\u202eb';

test('a report as JSON says the same without a character that drives a terminal', (t) => {
  const line = toJsonLine({ name: HOSTILE, [HOSTILE]: ['Zoë', '日本'] });
  t.deepEqual(JSON.parse(line), { name: HOSTILE, [HOSTILE]: ['Zoë', '日本'] });
  t.notRegex(line.slice(0, -1), /[\p{Cc}\u2028\u202e]/u);
  t.true(line.includes('Zoë') && line.endsWith('}\n'));
});

test('a text shows such characters as escapes', (t) => {
  t.is(toPrintable(HOSTILE), 'a\\u{1b}[2J\\u{9b}2J\\u{2028}\\u{202e}b');
});
