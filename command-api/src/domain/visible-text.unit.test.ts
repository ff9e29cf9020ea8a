import test from 'ava';
import { hasInvisibleCharacterInName } from './visible-text.ts';

const visible = test.macro({
  title: (_, name: string) => `${name} is a visible name`,
  exec: (t, name: string) => t.false(hasInvisibleCharacterInName(name)),
});
test(visible, 'Вера Марковић');
test(visible, 'علی\u200cرضا');
test(visible, 'क्\u200dष');
test(visible, 'Ada ❤\ufe0f');
test(visible, '李小龍');

const invisible = test.macro({
  title: (_, name: string) => `${JSON.stringify(name)} hides something`,
  exec: (t, name: string) => t.true(hasInvisibleCharacterInName(name)),
});
test(invisible, 'Vera\u202eMarković');
test(invisible, 'Vera\u0007');
test(invisible, '\u200dVera');
test(invisible, 'Vera \u200b');
test(invisible, '\u2066Vera\u2069');
