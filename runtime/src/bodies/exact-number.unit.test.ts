import test from 'ava';
import { measureCpuMs } from '../testing/cpu-time.ts';
import { isExactNumber } from './exact-number.ts';

const KEPT = [
  '0',
  '7',
  '-7',
  '0.1',
  '1.50',
  '15e-1',
  '1E+3',
  '100000000000000000000',
  '1e21',
  '0e9999999999',
  '0.000',
  '9007199254740991',
  '9007199254740992',
  '-9007199254740994',
  '5e-324',
  '1.7976931348623157e308',
  `1${'0'.repeat(300)}`,
  `1.5${'0'.repeat(8_000)}`,
];
const CHANGED = [
  '-0',
  '-0.0',
  '-0e5',
  '9007199254740993',
  '-9007199254740993',
  '12345678901234567890',
  '0.30000000000000001',
  '0.1000000000000000055511151231257827',
  '1e400',
  '-1e400',
  '1e-400',
  '2e-324',
  '9'.repeat(400),
];

for (const text of KEPT) {
  test(`keeps ${text.slice(0, 40)}`, (t) => t.true(isExactNumber(text)));
}
for (const text of CHANGED) {
  test(`does not keep ${text.slice(0, 40)}`, (t) => t.false(isExactNumber(text)));
}

/** Words of 32 bits that look random and are the same in each run (xorshift, Marsaglia 2003). */
function* drawWords(count: number): Generator<number> {
  let word = 0x9e_37_79_b9;
  for (let n = 0; n < count; n += 1) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    yield word >>> 0;
  }
}

test('keeps every double as JavaScript writes it', (t) => {
  const view = new DataView(new ArrayBuffer(8));
  let last = 0;
  const changed = [...drawWords(5_000)].flatMap((word) => {
    view.setUint32(0, last);
    view.setUint32(4, word);
    last = word;
    const value = view.getFloat64(0);
    return Number.isFinite(value) && !isExactNumber(JSON.stringify(value)) ? [value] : [];
  });
  t.deepEqual(changed, []);
});

test('keeps an integer exactly if its double stands for the same integer', (t) => {
  const wrong = [...drawWords(5_000)].flatMap((word) => {
    const value = BigInt(word) * 2n ** BigInt(word % 38) + BigInt(word % 3) - 2n ** 31n;
    const isKept = value === toBack(value);
    return isExactNumber(String(value)) === isKept ? [] : [value];
  });
  t.deepEqual(wrong, []);
});

/** The value that the text of the double of an integer stands for. */
function toBack(value: bigint): bigint {
  const text = String(Number(value));
  const [digits = '', exponent] = text.split('e+');
  if (exponent === undefined) return BigInt(text);
  const [whole = '', fraction = ''] = digits.split('.');
  return BigInt(`${whole}${fraction}`) * 10n ** BigInt(Number(exponent) - fraction.length);
}

test('a long number is judged in linear time', (t) => {
  const texts = [`1${'0'.repeat(15_000)}1`, `0.${'0'.repeat(15_000)}1`, '1'.repeat(300)];
  const ms = measureCpuMs(() => texts.forEach((text) => isExactNumber(text)));
  t.true(ms < 100, `${ms} ms`);
});
