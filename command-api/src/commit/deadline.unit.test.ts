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

test('work in time has its own answer', async (t) => {
  const { answer } = createDeadline(60_000);
  t.is(await answer(Promise.resolve('done')), 'done');
  await t.throwsAsync(answer(Promise.reject(new Error('refused'))), { message: 'refused' });
});

test('work that is late is log-unavailable, and goes on', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  const work = promise.then(() => (isDone = true));
  const error = await t.throwsAsync(createDeadline(10).answer(work), { code: 'log-unavailable' });
  t.like(error, { retryAfterSeconds: 1 });
  resolve();
  await work;
  t.true(isDone);
});
