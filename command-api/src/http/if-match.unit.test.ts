import { AppError } from '@zameni/runtime';
import test from 'ava';
import { parseIfMatch } from './if-match.ts';

const allows = test.macro<[string | undefined, readonly number[] | undefined]>({
  title: (_, header) => `If-Match: ${header ?? '(none)'}`,
  exec: (t, header, expected) => {
    t.deepEqual(parseIfMatch(header), expected);
  },
});
test(allows, undefined, undefined);
test(allows, '*', undefined);
test(allows, '"accounts.2-7"', [7]);
test(allows, '"accounts.1-7"', [7]);
test(allows, '"accounts.12-parked-7"', [7]);
test(allows, '"accounts.1-7", "accounts.2-9"', [7, 9]);
test(allows, '"a,b-3" ,"accounts.1-4"', [4]);
test(allows, '"someone-elses-1"', []);
test(allows, '"accounts.1-06"', []);
test(allows, '"accounts.0-6"', []);
test(allows, 'W/"accounts.2-7"', []);
test(allows, '"accounts.2"', []);
test(allows, '"accounts.2-7x"', []);
test(allows, '"accounts.2-1234567890123456"', []);
test(allows, '"accounts.1-7",, "\u00e9"', [7]);

for (const header of ['"accounts.2-7', '7', '', ',', '"a" "b"', '*, "accounts.2-7"', 'w/"a"']) {
  test(`If-Match: ${header} is refused`, (t) => {
    const error = t.throws(() => parseIfMatch(header), { instanceOf: AppError });
    t.is(error?.code, 'malformed-header');
  });
}
