import test from 'ava';
import type { Taken } from '../ledger/store.ts';
import { createHand } from './hand.ts';

const mail = (id: number): Taken => ({ id, takes: 1 });

test('mails that come together are noted together, and each learns whether it is still ours', async (t) => {
  const batches: number[][] = [];
  const hand = createHand({
    hand: async (messages) => {
      batches.push(messages.map(({ id }) => id));
      return new Set(messages.map(({ id }) => id).filter((id) => id !== 2));
    },
  });
  t.deepEqual(await Promise.all([1, 2, 3].map((id) => hand(mail(id)))), [true, false, true]);
  t.deepEqual(batches, [[1], [2, 3]]);
});

test('a fault is told to those it concerns, and the next mail is noted again', async (t) => {
  let isBroken = true;
  const hand = createHand({
    hand: async (messages) => {
      if (isBroken) throw new Error('no database');
      return new Set(messages.map(({ id }) => id));
    },
  });
  await t.throwsAsync(hand(mail(1)), { message: 'no database' });
  isBroken = false;
  t.true(await hand(mail(2)));
});
