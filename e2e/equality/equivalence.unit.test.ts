import test from 'ava';
import { type Judgement, judgeDifferences } from './equivalence.ts';

const MARGIN = 2.5;

/** Random differences, repeatable by the seed, with a long tail on both sides. */
function draw(size: number, scale: number, seed = 1): number[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  // Laplace distribution: the difference of two waits.
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
test('so is a shift of 5 ms in the other direction', judges, shift(draw(200, 5), -5), 'different');
test('a shift by the margin is undecided', judges, shift(draw(200, 5), MARGIN), 'undecided');
test('a few pairs are undecided', judges, draw(6, 5), 'undecided');
test('too much noise is undecided', judges, draw(200, 100), 'undecided');
test('no pair is undecided', judges, [], 'undecided');
test(
  'outliers do not change the verdict',
  judges,
  [...draw(200, 5), 9_000, 9_000, -800],
  'equivalent',
);

test('the bounds are the order statistics of the sign test at 5 %', (t) => {
  const ranked = (size: number) => Array.from({ length: size }, (_, n) => n + 1);
  // The chance of fewer heads than the rank in so many coin tosses: 3.1, 3.5, 2.1 and 3.2 %.
  t.like(judgeDifferences(ranked(5), MARGIN), { median: 3, low: 1, high: 5 });
  t.like(judgeDifferences(ranked(8), MARGIN), { median: 4.5, low: 2, high: 7 });
  t.like(judgeDifferences(ranked(20), MARGIN), { median: 10.5, low: 6, high: 15 });
  t.like(judgeDifferences(ranked(50), MARGIN), { median: 25.5, low: 19, high: 32 });
  t.is(judgeDifferences(ranked(4), MARGIN).low, Number.NEGATIVE_INFINITY);
});

test('the bounds hold: about 5 % of a thousand samples at the margin pass', (t) => {
  const samples = Array.from({ length: 1_000 }, (_, n) => shift(draw(100, 5, n + 1), MARGIN));
  const passed = samples.filter(
    (sample) => judgeDifferences(sample, MARGIN).verdict === 'equivalent',
  ).length;
  t.true(passed > 10 && passed < 70, `${passed} passed`);
});
