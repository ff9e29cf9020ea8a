import test from 'ava';
import { type Judgement, judgeDifferences } from './equivalence.ts';

const MARGIN = 2.5;

/** Differences that look random and are the same for the same seed, with a long tail to both sides. */
function draw(size: number, scale: number, seed = 1): number[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  // Of Laplace: the difference of two waits.
  return Array.from({ length: size }, () => scale * Math.log(next() / next()));
}

const shift = (differences: readonly number[], by: number) => differences.map((one) => one + by);

const judges = test.macro((t, differences: readonly number[], verdict: Judgement['verdict']) => {
  t.is(judgeDifferences(differences, MARGIN).verdict, verdict);
});

test('differences around zero are equivalent', judges, draw(200, 5), 'equivalent');
test(
  'a shift of 1 ms within the margin is equivalent',
  judges,
  shift(draw(200, 5), 1),
  'equivalent',
);
test('a shift of 5 ms is different', judges, shift(draw(200, 5), 5), 'different');
test('so is one to the other side', judges, shift(draw(200, 5), -5), 'different');
test('a shift by the margin is neither', judges, shift(draw(200, 5), MARGIN), 'undecided');
test('a few pairs tell nothing', judges, draw(6, 5), 'undecided');
test('too much noise tells nothing', judges, draw(200, 100), 'undecided');
test('no pair tells nothing', judges, [], 'undecided');
test('outliers do not matter', judges, [...draw(200, 5), 9_000, 9_000, -800], 'equivalent');

test('the bounds are the order statistics of the sign test at five in a hundred', (t) => {
  const ranked = (size: number) => Array.from({ length: size }, (_, n) => n + 1);
  // Fewer heads than the rank in so many tosses of a coin: 3.1, 3.5, 2.1 and 3.2 times of a hundred.
  t.like(judgeDifferences(ranked(5), MARGIN), { median: 3, low: 1, high: 5 });
  t.like(judgeDifferences(ranked(8), MARGIN), { median: 4.5, low: 2, high: 7 });
  t.like(judgeDifferences(ranked(20), MARGIN), { median: 10.5, low: 6, high: 15 });
  t.like(judgeDifferences(ranked(50), MARGIN), { median: 25.5, low: 19, high: 32 });
  t.is(judgeDifferences(ranked(4), MARGIN).low, Number.NEGATIVE_INFINITY);
});

test('the bounds hold: of a thousand samples at the margin about five in a hundred pass', (t) => {
  const samples = Array.from({ length: 1_000 }, (_, n) => shift(draw(100, 5, n + 1), MARGIN));
  const passed = samples.filter(
    (sample) => judgeDifferences(sample, MARGIN).verdict === 'equivalent',
  ).length;
  t.true(passed > 10 && passed < 70, `${passed} passed`);
});
