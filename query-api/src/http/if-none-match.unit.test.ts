import { measureCpuMs } from '@zameni/runtime/testing';
import test from 'ava';
import { matchesEntityTag } from './if-none-match.ts';

const matches = test.macro({
  exec: (t, header: string | undefined, expected: boolean) => {
    t.is(matchesEntityTag(header, '"accounts.1-3"'), expected);
  },
  title: (_, ...[header, expected]: readonly [string | undefined, boolean]) =>
    `${header ?? 'no header'} ${expected ? 'names' : 'does not name'} it`,
});

test(matches, undefined, false);
test(matches, '', false);
test(matches, '*', true);
test(matches, '"accounts.1-3"', true);
test(matches, 'W/"accounts.1-3"', true);
test(matches, '"accounts.1-2"', false);
test(matches, '"a", W/"b" ,"accounts.1-3"', true);
test(matches, '"a,", "b"', false);
test(matches, '"a, "accounts.1-3""', false);
test(matches, 'accounts.1-3', false);
test(matches, 'w/"accounts.1-3"', false);
test(matches, '"a" "accounts.1-3"', false);

test('reads long malformed headers in linear time', (t) => {
  const ms = measureCpuMs(() => {
    for (const piece of ['   ', ' , ', '"', 'W/', '"a",']) {
      t.false(matchesEntityTag(`${piece.repeat(5_000)}x`, '"accounts.1-3"'));
    }
  });
  t.true(ms < 500, `${ms} ms`);
});
