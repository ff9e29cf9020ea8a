import { AppError } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createDeadline } from './deadline.ts';
import type { Waiting } from './group/group.ts';
import { createUnanswered } from './unanswered.ts';

/** An intent submitted so many milliseconds ago, and how it was answered. */
function createWaiting(ageMs: number) {
  const answers: unknown[] = [];
  const waiting: Waiting = {
    intent: { reads: [], decide: () => ({ messages: [], answer: () => undefined }) },
    updates: new Map(),
    submittedAt: performance.now() - ageMs,
    deadline: createDeadline(60_000),
    queuedAt: 0,
    span: undefined,
    resolve: (answer) => answers.push(answer),
    reject: ({ code }) => answers.push(code),
  };
  return { waiting, answers };
}

test('an intent is answered once', (t) => {
  const { add, has, resolve, reject } = createUnanswered(60_000, () => undefined);
  const { waiting, answers } = createWaiting(0);
  add(waiting);
  t.true(has(waiting));
  resolve(waiting, 'yes');
  t.false(has(waiting));
  reject(waiting, new AppError('overloaded'));
  resolve(waiting, 'no');
  t.deepEqual(answers, ['yes']);
});

test('an intent past its deadline is rejected, a younger one waits on', async (t) => {
  let sweeps = 0;
  const { add, has, resolve } = createUnanswered(60_000, () => void (sweeps += 1));
  const [late, young] = [createWaiting(60_001), createWaiting(0)];
  add(late.waiting);
  add(young.waiting);
  await waitUntil(() => sweeps > 0);
  t.deepEqual(late.answers, ['log-unavailable']);
  t.false(has(late.waiting));
  t.true(has(young.waiting));
  resolve(young.waiting, 'yes');
  t.deepEqual(young.answers, ['yes']);
});
