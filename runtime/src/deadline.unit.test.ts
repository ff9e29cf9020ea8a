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
  const { promise, resolve } = Promise.withResolvers<void>();
  deadline.signal().addEventListener('abort', () => resolve());
  if (deadline.signal().aborted) resolve();
  await promise;
  t.true(deadline.signal().aborted);
});
