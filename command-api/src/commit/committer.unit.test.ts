import {
  AppError,
  type AppendOutcome,
  createLogger,
  type EventLog,
  type LogMessage,
} from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createCommitter } from './committer.ts';
import type { Intent } from './group.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const signal = AbortSignal.timeout(600_000);

/** Claims a subject for `owner` when it is free; says whether it was. */
function claimIntent(claim: string, owner: string): Intent<{ won: boolean; position: number }> {
  return {
    reads: [claim],
    decide: (state) => {
      const won = !state.has(claim);
      const own = { subject: `account.${owner}`, data: `${owner} ${won}` };
      const messages = won ? [{ subject: claim, data: owner }, own] : [own];
      return { messages, answer: (position) => ({ won, position }) };
    },
  };
}

/** A log whose appends are counted and may be bent; everything else is the memory log's. */
function bendAppends(
  bend: (
    append: () => Promise<AppendOutcome>,
    messages: readonly LogMessage[],
    call: number,
  ) => Promise<AppendOutcome>,
): { log: EventLog; sizes: number[] } {
  const memory = createMemoryLog();
  const sizes: number[] = [];
  const log: EventLog = {
    ...memory,
    append: (messages, abort) => {
      sizes.push(messages.length);
      return bend(() => memory.append(messages, abort), messages, sizes.length);
    },
  };
  return { log, sizes };
}

test('an answer carries the position of the last message of its own intent', async (t) => {
  const log = createMemoryLog();
  await using committer = createCommitter(log, logger);
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((owner) => committer.submit(claimIntent(`claim.${owner}`, owner))),
  );
  for (const [index, owner] of ['a', 'b', 'c'].entries()) {
    const record = await log.readFirst(`account.${owner}`, signal);
    t.is(answers[index]?.position, record?.position);
  }
});

test('what arrives together is appended together', async (t) => {
  const { log, sizes } = bendAppends((append) => append());
  await using committer = createCommitter(log, logger, { maxGroups: 1 });
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.deepEqual(sizes, [100]);
});

test('a group stays within its bound of messages', async (t) => {
  const { log, sizes } = bendAppends((append) => append());
  await using committer = createCommitter(log, logger, { maxGroupMessages: 9 });
  await Promise.all(
    Array.from({ length: 20 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.true(sizes.every((size) => size <= 9));
});

test('a group stays within its bound of bytes', async (t) => {
  const { log, sizes } = bendAppends((append) => append());
  await using committer = createCommitter(log, logger, { maxGroupBytes: 30 });
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  // Each intent here writes two messages of seven bytes together.
  t.deepEqual(sizes, [8, 8, 4]);
});

test('rivals inside a process are settled without a conflict in the log', async (t) => {
  const outcomes: string[] = [];
  const { log } = bendAppends(async (append) => {
    const outcome = await append();
    outcomes.push(outcome.status);
    return outcome;
  });
  await using committer = createCommitter(log, logger);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => committer.submit(claimIntent('claim.same', `${n}`))),
  );
  t.is(answers.filter(({ won }) => won).length, 1);
  t.true(outcomes.every((status) => status === 'appended'));
});

test('rivals of another process leave one winner and hold up nobody', async (t) => {
  const log = createMemoryLog();
  await using here = createCommitter(log, logger);
  await using there = createCommitter(log, logger);
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      (n % 2 === 0 ? here : there).submit(claimIntent(`claim.${Math.floor(n / 2) % 7}`, `${n}`)),
    ),
  );
  t.is(answers.filter(({ won }) => won).length, 7);
});

test('a lost reply is sent again and the first append is recognised', async (t) => {
  const { log } = bendAppends(async (append, _messages, call) => {
    const outcome = await append();
    return call === 1 ? { status: 'unknown', cause: new Error('reply lost') } : outcome;
  });
  await using committer = createCommitter(log, logger);
  const answer = await committer.submit(claimIntent('claim.a', 'a'));
  t.true(answer.won);
  t.is((await log.readFirst('account.a', signal))?.position, answer.position);
  t.is(await log.head(signal), 2);
});

test('an append that was lost is sent again with the identical bytes', async (t) => {
  const sent: string[] = [];
  const { log } = bendAppends(async (append, messages, call) => {
    sent.push(JSON.stringify(messages));
    return call === 1 ? { status: 'unknown', cause: new Error('request lost') } : append();
  });
  await using committer = createCommitter(log, logger);
  t.true((await committer.submit(claimIntent('claim.a', 'a'))).won);
  t.is(sent.length, 2);
  t.is(sent[0], sent[1]);
});

test('a rival in flight is waited for, not taken for the winner', async (t) => {
  const { log } = bendAppends(async (append, _messages, call) =>
    call === 1 ? { status: 'busy' } : append(),
  );
  await using committer = createCommitter(log, logger);
  t.true((await committer.submit(claimIntent('claim.a', 'a'))).won);
});

test('one that conflicts for ever holds up only itself', async (t) => {
  const { log } = bendAppends(async (append, messages) =>
    messages.some(({ subject }) => subject === 'claim.cursed') ? { status: 'conflict' } : append(),
  );
  await using committer = createCommitter(log, logger, { deadlineMs: 400 });
  const cursed = t.throwsAsync(committer.submit(claimIntent('claim.cursed', 'cursed')), {
    instanceOf: AppError,
  });
  const others = await Promise.all(
    Array.from({ length: 30 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.true(others.every(({ won }) => won));
  t.is((await cursed)?.code, 'log-unavailable');
});

test('a decision that throws fails alone', async (t) => {
  await using committer = createCommitter(createMemoryLog(), logger);
  const faulty = t.throwsAsync(
    committer.submit({
      reads: [],
      decide: () => {
        throw new Error('a bug');
      },
    }),
    { instanceOf: AppError },
  );
  t.true((await committer.submit(claimIntent('claim.a', 'a'))).won);
  t.is((await faulty)?.code, 'internal');
});

test('a message the log rejects fails alone', async (t) => {
  const { log } = bendAppends(async (append, messages) =>
    messages.some(({ subject }) => subject === 'claim.large')
      ? { status: 'rejected', cause: new Error('too large') }
      : append(),
  );
  await using committer = createCommitter(log, logger);
  const large = t.throwsAsync(committer.submit(claimIntent('claim.large', 'large')), {
    instanceOf: AppError,
  });
  const others = await Promise.all(
    Array.from({ length: 30 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  t.true(others.every(({ won }) => won));
  t.is((await large)?.code, 'log-unavailable');
});

test('a log without room refuses a whole group at once and takes the next one', async (t) => {
  const { log, sizes } = bendAppends(async (append, _messages, call) =>
    call === 1 ? { status: 'full', cause: new Error('no room') } : append(),
  );
  await using committer = createCommitter(log, logger);
  const refused = await Promise.allSettled(
    Array.from({ length: 30 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  for (const { status, reason } of refused.map((answer) => ({ reason: null, ...answer }))) {
    t.is(status, 'rejected');
    t.is(reason?.code, 'log-unavailable');
  }
  t.true((await committer.submit(claimIntent('claim.a', 'a'))).won);
  t.deepEqual(sizes, [60, 2]);
});

test('who is left behind by a group after the longest wait is refused, and nothing of it appended', async (t) => {
  const first = Promise.withResolvers<void>();
  const { log, sizes } = bendAppends(async (append, _messages, call) => {
    if (call === 1) await first.promise;
    return append();
  });
  await using committer = createCommitter(log, logger, {
    maxGroupMessages: 3,
    minWaiting: 1,
    maxWaitMs: 30,
  });
  const submitted = [0, 1, 2].map((n) => committer.submit(claimIntent(`claim.${n}`, `${n}`)));
  await waitUntil(committer.isOverloaded);
  first.resolve();
  const [, taken, left] = await Promise.allSettled(submitted);
  t.is(taken?.status, 'fulfilled');
  t.is(left?.status === 'rejected' && left.reason.code, 'overloaded');
  t.deepEqual(sizes, [2, 2]);
});

test('one half that fails leaves the other to its own outcome', async (t) => {
  const late = Promise.withResolvers<void>();
  const { log } = bendAppends(async (append, messages, call) => {
    if (call <= 3) return { status: 'conflict' };
    if (messages.some(({ subject }) => subject === 'claim.0')) {
      return { status: 'rejected', cause: new Error('no space') };
    }
    await late.promise;
    return append();
  });
  await using committer = createCommitter(log, logger, { maxGroups: 1 });
  const submitted = [0, 1].map((n) => committer.submit(claimIntent(`claim.${n}`, `${n}`)));
  await t.throwsAsync(submitted[0] ?? Promise.resolve(), { instanceOf: AppError });
  late.resolve();
  t.true((await submitted[1])?.won);
});

test('everyone is answered by the deadline, also who waits in the queue', async (t) => {
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
