import test from 'ava';
import { createRandom } from './random.ts';

test('the same seed gives the same numbers, another seed gives others', (t) => {
  const draw = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => random.below(1_000));
  };
  t.deepEqual(draw(1), draw(1));
  t.notDeepEqual(draw(1), draw(2));
});

test('numbers reach every value below the bound and no other', (t) => {
  const random = createRandom(3);
  const drawn = new Set(Array.from({ length: 1_000 }, () => random.below(5)));
  const sorted = [...drawn].toSorted((a, b) => a - b);
  t.deepEqual(sorted, [0, 1, 2, 3, 4]);
});

test('shuffling keeps every item once', (t) => {
  const items = ['a', 'b', 'c', 'd', 'e'];
  const shuffled = createRandom(4).shuffle(items);
  t.notDeepEqual(shuffled, items);
  t.deepEqual(shuffled.toSorted(), items);
});
