import test from 'ava';
import { createInterruptRule } from './interrupts.ts';

test('the first signal drains and a late second one kills', (t) => {
  const times = [0, 1_500];
  const decide = createInterruptRule(() => times.shift() ?? 0);
  t.is(decide(), 'drain');
  t.is(decide(), 'kill');
});

test('the same Ctrl-C delivered twice counts as one signal', (t) => {
  const times = [0, 12, 999];
  const decide = createInterruptRule(() => times.shift() ?? 0);
  t.deepEqual([decide(), decide(), decide()], ['drain', 'same', 'same']);
});
