import { AppError } from '@zameni/runtime';
import test from 'ava';
import { parseIdempotencyKey } from './idempotency-key.ts';

const UUID = 'a1b2c3d4-0000-4000-8000-000000000001';

const taken = test.macro({
  title: (what) => `${what} is accepted without a token`,
  exec: (t, key: string) => t.is(parseIdempotencyKey(key, true), key),
});
const refused = test.macro({
  title: (what) => `${what} is refused without a token and accepted with one`,
  exec: (t, key: string) => {
    const error = t.throws(() => parseIdempotencyKey(key, true), { instanceOf: AppError });
    t.is(error?.code, 'malformed-header');
    t.regex(String(error?.detail), /122 random bits/);
    t.is(parseIdempotencyKey(key, false), key);
  },
});

/** A text of a length that repeats an alphabet. */
const spell = (length: number, alphabet: string) =>
  Array.from({ length }, (_, n) => alphabet[n % alphabet.length]).join('');

test('a UUID', taken, UUID);
test('a UUID in capitals', taken, UUID.toUpperCase());
test('a UUID without dashes', taken, UUID.replaceAll('-', ''));
test('a number of 37 digits', taken, spell(37, '0123456789'));
test('a number of 36 digits', refused, spell(36, '0123456789'));
test('a number of 36 digits between dashes', refused, `${spell(36, '0123456789')}-----`);
test('31 hex digits', taken, spell(31, '0a9f'));
test('30 hex digits', refused, spell(30, '0a9f'));
test('25 characters of base32', taken, spell(25, 'az27'));
test('24 characters of base32', refused, spell(24, 'AZ27'));
test('24 characters of base36', taken, spell(24, 'az09'));
test('23 characters of base36', refused, spell(23, 'az09'));
test('21 characters of base64url', taken, spell(21, 'aZ9_'));
test('20 characters of base64url', refused, spell(20, 'aZ9_'));
test('19 visible characters', taken, spell(19, 'aZ9!'));
test('18 visible characters', refused, spell(18, 'aZ9!'));

test('a missing key is no fault', (t) => {
  t.is(parseIdempotencyKey(undefined, true), undefined);
});

test('an invalid key is refused, with or without a token', (t) => {
  for (const key of ['short', 'a'.repeat(129), `${UUID} `, `${UUID}é`, [UUID, UUID]]) {
    for (const isAnonymous of [true, false]) {
      t.like(
        t.throws(() => parseIdempotencyKey(key, isAnonymous)),
        { code: 'malformed-header' },
      );
    }
  }
});
