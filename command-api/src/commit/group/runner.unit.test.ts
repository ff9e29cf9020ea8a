import { UnreadableRecordError } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from '../../log/log.fixture.ts';
import { createCommitter } from '../committer.ts';
import { bendAppends, claimIntent, writeIntent } from '../committer.fixture.ts';

const logger = createSilentLogger();

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

test('a group stays within its bound of bytes', async (t) => {
  const { log, sizes } = bendAppends();
  await using committer = createCommitter(log, logger, { maxGroupBytes: 30 });
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => committer.submit(claimIntent(`claim.${n}`, `${n}`))),
  );
  // Each intent here writes two messages of seven bytes together.
  t.deepEqual(sizes, [8, 8, 4]);
});

test('rivals inside a process cause no conflict in the log', async (t) => {
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

test('rivals of another process leave one winner and delay nobody', async (t) => {
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

test('an intent that conflicts for ever delays only itself', async (t) => {
  const { log } = bendAppends(async (append, messages) =>
    messages.some(({ subject }) => subject === 'claim.cursed') ? { status: 'conflict' } : append(),
  );
  await using committer = createCommitter(log, logger, { deadlineMs: 2_000 });
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

test('a claim of a later version is unavailable, alone', async (t) => {
  await using committer = createCommitter(createMemoryLog(), logger);
  const faulty = t.throwsAsync(
    committer.submit({
      reads: [],
      decide: () => {
        throw new UnreadableRecordError(7);
      },
    }),
    { instanceOf: AppError },
  );
  t.true((await committer.submit(claimIntent('claim.a', 'a'))).won);
  t.is((await faulty)?.code, 'log-unavailable');
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

test('a decision with more messages than declared fails alone', async (t) => {
  const { log } = bendAppends();
  await using committer = createCommitter(log, logger);
  const faulty = t.throwsAsync(committer.submit(writeIntent('account.a', 4)), {
    instanceOf: AppError,
  });
  t.is(await committer.submit(writeIntent('account.b', 3)), 3);
  t.is((await faulty)?.code, 'internal');
});

test('a group that fails does not reject an intent that it put back', async (t) => {
  const first = Promise.withResolvers<void>();
  const { log } = bendAppends(async (append, _messages, call) => {
    if (call > 1) return append();
    await first.promise;
    return { status: 'full', cause: new Error('no room') };
  });
  const options = { maxGroupBytes: 3, minOverlap: 1, deadlineMs: 60_000 };
  await using committer = createCommitter(log, logger, options);
  const fails = t.throwsAsync(committer.submit(writeIntent('account.a', 1)));
  const putBack = committer.submit(writeIntent('account.b', 1));
  await new Promise(setImmediate);
  const next = committer.submit(writeIntent('account.c', 1));
  await new Promise(setImmediate);
  first.resolve();
  await fails;
  t.is(await putBack, 1);
  t.is(await next, 2);
});
