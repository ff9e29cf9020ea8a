import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createCommitter } from './committer.ts';
import { createDeadline } from './deadline.ts';
import { bendAppends, claimIntent, writeIntent } from './committer.fixture.ts';

const logger = createSilentLogger();

test('intents submitted together are appended together', async (t) => {
  const { log, sizes } = bendAppends();
  await using committer = createCommitter(log, logger, { maxGroups: 1 });
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.deepEqual(sizes, [100]);
});

test('a group stays within its bound of messages', async (t) => {
  const { log, sizes } = bendAppends();
  await using committer = createCommitter(log, logger, { maxGroupMessages: 9 });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.true(sizes.every((size) => size <= 9));
});

test('an intent left behind after the longest wait is refused and not appended', async (t) => {
  const first = Promise.withResolvers<void>();
  const { log, sizes } = bendAppends(async (append, _messages, call) => {
    if (call === 1) await first.promise;
    return append();
  });
  await using committer = createCommitter(log, logger, {
    maxGroupMessages: 3,
    minWaiting: 1,
    maxWaitMs: 300,
  });
  const submitted = [0, 1, 2].map((n) => committer.submit(claimIntent(`claim.${n}`, `${n}`)));
  await waitUntil(committer.isOverloaded);
  first.resolve();
  const [, taken, left] = await Promise.allSettled(submitted);
  t.is(taken?.status, 'fulfilled');
  t.is(left?.status === 'rejected' && left.reason.code, 'overloaded');
  t.deepEqual(sizes, [2, 2]);
});

test('each intent is answered by the deadline, also in the queue', async (t) => {
  const release = Promise.withResolvers<void>();
  const { log } = bendAppends(async (append) => {
    await release.promise;
    return append();
  });
  const committer = createCommitter(log, logger, { deadlineMs: 150, maxGroups: 1 });
  const submitted = [0, 1, 2].map((n) => committer.submit(claimIntent('claim.same', `${n}`)));
  for (const answer of await Promise.allSettled(submitted)) t.is(answer.status, 'rejected');
  release.resolve();
  await committer[Symbol.asyncDispose]();
});

test('an intent whose deadline comes in the queue is not appended, one in a group is', async (t) => {
  const release = Promise.withResolvers<void>();
  const { log } = bendAppends(async (append) => {
    await release.promise;
    return append();
  });
  await using committer = createCommitter(log, logger, { maxGroups: 1 });
  const running = committer.submit(writeIntent('a', 1), createDeadline(1_000));
  await new Promise(setImmediate);
  const queued = committer.submit(writeIntent('b', 1), createDeadline(30));
  await t.throwsAsync(queued, { code: 'log-unavailable' });
  release.resolve();
  t.is(await running, 1);
  t.is(await log.head(AbortSignal.timeout(1_000)), 1);
});

test('after a conflict no try begins once the deadline is over', async (t) => {
  const { log, sizes } = bendAppends(async (append, _messages, call) => {
    if (call > 1) return append();
    await delay(500);
    return { status: 'conflict' };
  });
  const committer = createCommitter(log, logger);
  const submitted = committer.submit(writeIntent('a', 1), createDeadline(400));
  await t.throwsAsync(submitted, { code: 'log-unavailable' });
  await committer[Symbol.asyncDispose]();
  t.deepEqual(sizes, [1]);
  t.is(await log.head(AbortSignal.timeout(1_000)), 0);
});

test('without an answer from the log the deadline ends in log-unavailable', async (t) => {
  const { log } = bendAppends(async () => ({ status: 'unknown', cause: new Error('no leader') }));
  await using committer = createCommitter(log, logger, { deadlineMs: 50 });
  const submitted = committer.submit(claimIntent('claim.a', 'a'));
  t.is((await t.throwsAsync(submitted, { instanceOf: AppError }))?.code, 'log-unavailable');
});

test('more waiting than the bound is refused as overloaded at once', async (t) => {
  await using committer = createCommitter(createMemoryLog(), logger, {
    maxWaiting: 2,
    minWaiting: 1,
  });
  const submitted = Array.from({ length: 3 }, (_, n) =>
    committer.submit(claimIntent(`claim.${n}`, `${n}`)),
  );
  const error = await t.throwsAsync(
    submitted[2] ?? Promise.reject(new Error('three were submitted')),
    { instanceOf: AppError },
  );
  t.is(error?.code, 'overloaded');
  t.true([1, 2, 3].includes(error?.retryAfterSeconds ?? 0));
  await Promise.all(submitted.slice(0, 2));
});

test('closing finishes what was accepted and takes nothing new', async (t) => {
  const committer = createCommitter(createMemoryLog(), logger);
  const accepted = committer.submit(claimIntent('claim.a', 'a'));
  const closed = committer[Symbol.asyncDispose]();
  const late = t.throwsAsync(committer.submit(claimIntent('claim.b', 'b')));
  t.true((await accepted).won);
  await closed;
  await late;
});

test('an intent takes the room in a group that it declares', async (t) => {
  const { log, sizes } = bendAppends();
  await using committer = createCommitter(log, logger, { maxGroupMessages: 48, maxGroups: 1 });
  const names = Array.from({ length: 5 }, (_, n) => `account.${n}`);
  await Promise.all(names.map((name) => committer.submit(writeIntent(name, 24, 24))));
  t.deepEqual(sizes, [48, 48, 24]);
});

test('an intent that no group has room for is refused at once', async (t) => {
  const { log } = bendAppends();
  await using committer = createCommitter(log, logger, { maxGroupMessages: 10 });
  const error = await t.throwsAsync(committer.submit(writeIntent('account.a', 11, 11)), {
    instanceOf: AppError,
  });
  t.is(error?.code, 'internal');
});
