import test from 'ava';
import { createDeadline } from './deadline.ts';

test('a deadline that lies ahead is not over, and its signal is always the same', (t) => {
  const deadline = createDeadline(60_000);
  t.false(deadline.isOver());
  t.false(deadline.signal().aborted);
  t.is(deadline.signal(), deadline.signal());
});

test('a deadline that has come is over, and its signal aborts', async (t) => {
  const deadline = createDeadline(0);
  t.true(deadline.isOver());
  // The signal's timer keeps no process alive; this one does.
  const alive = setTimeout(() => t.fail('the signal did not abort'), 10_000);
  await new Promise<void>((resolve) => {
    const signal = deadline.signal();
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
  clearTimeout(alive);
  t.true(deadline.signal().aborted);
});
