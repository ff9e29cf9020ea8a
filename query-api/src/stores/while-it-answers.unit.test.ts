import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { whileItAnswers } from './while-it-answers.ts';

const gone = new Error('gone');

test('work takes as long as it needs while pings are answered', async (t) => {
  const clock = createManualClock();
  const { promise, resolve } = Promise.withResolvers<number>();
  let pings = 0;
  const ended = whileItAnswers(
    () => promise,
    async () => (pings += 1),
    clock,
  );
  await clock.advance(5_000);
  resolve(7);
  t.is(await ended, 7);
  t.true(pings > 20);
  const asked = pings;
  await clock.advance(5_000);
  t.is(pings, asked);
});

test('a database that is away is not asked for work', async (t) => {
  let begun = false;
  const work = async () => {
    begun = true;
  };
  const ended = whileItAnswers(work, () => Promise.reject(gone), createManualClock());
  t.is(await t.throwsAsync(ended), gone);
  t.false(begun);
});

test('work ends when the database goes away meanwhile', async (t) => {
  const clock = createManualClock();
  let isAway = false;
  const ended = whileItAnswers(
    () => new Promise<never>(() => undefined),
    async () => (isAway ? Promise.reject(gone) : 'pong'),
    clock,
  );
  const error = t.throwsAsync(ended);
  await clock.advance(1_000);
  isAway = true;
  await clock.advance(300);
  t.is(await error, gone);
});

test('the reason of a failure is that of the work', async (t) => {
  const error = new RangeError('no');
  const ended = whileItAnswers(
    () => Promise.reject(error),
    async () => 'pong',
    createManualClock(),
  );
  t.is(await t.throwsAsync(ended), error);
});
