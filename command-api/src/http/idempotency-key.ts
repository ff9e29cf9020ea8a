import { IdempotencyKey, MIN_ANONYMOUS_KEY_BITS } from '@zameni/contracts';
import { AppError, createValidator } from '@zameni/runtime';

const validate = createValidator(IdempotencyKey);

/** The usual alphabets of keys, the smallest first. Dashes only separate digits. */
const ALPHABETS: readonly (readonly [size: number, pattern: RegExp])[] = [
  [10, /^[0-9]+$/],
  [16, /^(?:[0-9a-f]+|[0-9A-F]+)$/],
  [32, /^(?:[a-z2-7]+|[A-Z2-7]+)$/],
  [36, /^(?:[0-9a-z]+|[0-9A-Z]+)$/],
];
const BASE64URL = /^[\w-]+$/;
/** Visible ASCII. */
const PRINTABLE_SIZE = 94;

/**
 * Parses the `Idempotency-Key` header. Throws `malformed-header` if it is invalid. Callers without
 * a token share one space of keys, so their keys must be too long to guess or to collide.
 */
export function parseIdempotencyKey(
  header: string | readonly string[] | undefined,
  isAnonymous: boolean,
): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || validate(header) !== undefined) {
    throw new AppError('malformed-header', {
      detail: 'Idempotency-Key takes 16 to 128 visible ASCII characters',
    });
  }
  if (isAnonymous && bitsOf(header) < MIN_ANONYMOUS_KEY_BITS) {
    throw new AppError('malformed-header', {
      detail: `Without a token an Idempotency-Key needs room for ${MIN_ANONYMOUS_KEY_BITS} random bits, as a UUID has`,
    });
  }
  return header;
}

/** Maximum entropy of a key in bits, in the smallest usual alphabet that it is written in. */
function bitsOf(key: string): number {
  const digits = key.replaceAll('-', '');
  const alphabet = ALPHABETS.find(([, pattern]) => pattern.test(digits));
  if (alphabet !== undefined) return digits.length * Math.log2(alphabet[0]);
  return key.length * Math.log2(BASE64URL.test(key) ? 64 : PRINTABLE_SIZE);
}
