import test from 'ava';
import { hasInvisibleCharacterInName, showsSomething } from './visible-text.ts';

const visible = test.macro({
  title: (_, name: string) => `${name} is a visible name`,
  exec: (t, name: string) => {
    t.false(hasInvisibleCharacterInName(name));
    t.true(showsSomething(name));
  },
});
test(visible, 'Вера Марковић');
test(visible, 'علی\u200cرضا');
test(visible, 'क्\u200dष');
test(visible, 'Ada ❤\ufe0f');
test(visible, '李小龍');
test(visible, 'X Æ A-12');
test(visible, '!!!');
test(visible, '👩\u200d👩\u200d👧');
test(visible, '1\ufe0f\u20e3');
test(visible, '葛\u{e0100}城');
// Flags of two letters, and those that are written with tags.
test(visible, 'Ada 🇷🇸');
for (const [country, tags] of Object.entries({
  England: 'gbeng',
  Scotland: 'gbsct',
  Wales: 'gbwls',
})) {
  test(`the flag of ${country} in a name is visible`, (t) => {
    t.false(hasInvisibleCharacterInName(`Fiona ${flagOf(tags)}`));
    t.true(showsSomething(flagOf(tags)));
  });
}
// Marks of direction, in what is written from right to left and beside it.
test(visible, 'דוד\u200f כהן');
test(visible, 'דוד \u200fכהן');
test(visible, 'כהן (דוד)\u200f');
test(visible, 'محمد\u200e (Mo)');
test(visible, 'ފާތިމަތު\u200f މޫސާ');
// Words of scripts without spaces.
test(visible, 'សុខ\u200bសាន្ត');
test(visible, 'สมชาย\u200bใจดี');

const invisible = test.macro({
  title: (_, name: string) => `${JSON.stringify(name)} hides something`,
  exec: (t, name: string) => t.true(hasInvisibleCharacterInName(name)),
});
test(invisible, 'Vera\u202eMarković');
test(invisible, 'Vera\u0007');
test(invisible, '\u200dVera');
test(invisible, 'Vera \u200b');
test(invisible, 'Ve\u200bra');
test(invisible, 'สมชาย\u200b');
test(invisible, '\u2066Vera\u2069');
test(invisible, 'Vera\u200f Marković');
test(invisible, 'Vera\u200e');
test(invisible, 'דוד\u200f\u200f כהן');
test(invisible, 'דוד\u202b כהן\u202c');
test(invisible, '\u3164');
test(invisible, 'Ada \u{e0041}');
test(invisible, `Ada ${flagOf('hello')}`);
test(invisible, `Ada ${flagOf('gbeng').slice(0, -2)}`);
test(invisible, `Ada 😀${flagOf('gbeng').slice(2)}`);

const nothing = test.macro({
  title: (_, name: string) => `${JSON.stringify(name)} shows nothing`,
  exec: (t, name: string) => t.false(showsSomething(name)),
});
test(nothing, '');
test(nothing, '\u2800');
test(nothing, '\u2800 \u2800');
test(nothing, '\u00a0');
test(nothing, '\u0301');
test(nothing, '\u093e');
test(nothing, '\u200f');
test(nothing, '\u3164');
test(nothing, '\ufe0f');
test(nothing, '\ufffc');
test(nothing, '\u{1d159}');
test(nothing, '\u{13441}');

/** A black flag, tags and the end of tags. */
function flagOf(tags: string): string {
  const asTag = (letter: string) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0));
  return `🏴${Array.from(tags, asTag).join('')}\u{e007f}`;
}
