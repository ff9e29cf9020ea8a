import test from 'ava';
import { drawBytes } from './random-pool.ts';

test('drawn bytes have the requested length, differ, and keep their value', (t) => {
  const drawn = Array.from({ length: 2_000 }, () => drawBytes(12));
  const texts = drawn.map((bytes) => bytes.toString('hex'));
  t.true(drawn.every((bytes) => bytes.length === 12));
  t.is(new Set(texts).size, drawn.length);
  t.deepEqual(
    drawn.map((bytes) => bytes.toString('hex')),
    texts,
  );
});

test('more than the pool holds is refused', (t) => {
  t.throws(() => drawBytes(10_000), { instanceOf: RangeError });
});
