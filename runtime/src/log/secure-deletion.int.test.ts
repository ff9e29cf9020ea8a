import { createSecureDeletion } from './secure-deletion.ts';
import { connectTestNats, createTestLog } from '../testing/index.ts';
import test, { type ExecutionContext } from 'ava';

/** Only this user may use a stream that a test creates. */
const user = 'admin';
const { signal } = new AbortController();

async function createSetup(t: ExecutionContext) {
  const { log, stream, subject } = await createTestLog(t);
  const nc = await connectTestNats(t, user);
  const deletion = createSecureDeletion({ nc, log }, { stream, user });
  const append = async (name: string, data: string) => {
    const last = await log.readLastFromLeader(subject(name), signal);
    const message = { subject: subject(name), data, expectedPosition: last?.position ?? 0 };
    const outcome = await log.append([message], signal);
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.lastPosition;
  };
  return { log, nc, stream, subject, deletion, append };
}

test('deletes the records of a subject up to a position and leaves everything else', async (t) => {
  const { log, deletion, subject, append } = await createSetup(t);
  await append('a', 'one');
  await append('b', 'other');
  const upTo = await append('a', 'two');
  const kept = await append('a', 'three');
  t.is(await deletion.deleteUpTo(subject('a'), upTo, signal), 2);
  t.is((await log.readFirst(subject('a'), signal))?.position, kept);
  t.is((await log.readLastFromLeader(subject('b'), signal))?.position, 2);
});

test('a second deletion finds nothing and succeeds', async (t) => {
  const { deletion, subject, append } = await createSetup(t);
  const position = await append('a', 'one');
  t.is(await deletion.deleteUpTo(subject('a'), position, signal), 1);
  t.is(await deletion.deleteUpTo(subject('a'), position, signal), 0);
  t.is(await deletion.deleteUpTo(subject('none'), Number.MAX_SAFE_INTEGER, signal, position), 0);
});

test('a server that is behind a position that was read is not believed', async (t) => {
  const { deletion, subject, append } = await createSetup(t);
  const position = await append('a', 'one');
  await t.throwsAsync(
    deletion.deleteUpTo(subject('b'), Number.MAX_SAFE_INTEGER, signal, position + 1),
    { name: 'StaleLeaderError' },
  );
});

test('two concurrent deletions leave nothing and both succeed', async (t) => {
  const { log, deletion, subject, append } = await createSetup(t);
  let last = 0;
  for (let n = 0; n < 20; n += 1) last = await append('a', `message ${n}`);
  const counts = await Promise.all(
    [1, 2, 3].map(() => deletion.deleteUpTo(subject('a'), last, signal)),
  );
  t.true(counts.reduce((sum, count) => sum + count, 0) >= 20);
  t.is(await log.readFirst(subject('a'), signal), undefined);
});

test('during a deletion the newest message of the subject is always the last one', async (t) => {
  const { log, nc, stream, subject, append } = await createSetup(t);
  await append('a', 'held');
  const released = await append('a', 'released');
  const seen: (number | undefined)[] = [];
  const watching = {
    ...log,
    readFirst: async (name: string, signal: AbortSignal) => {
      seen.push((await log.readLastFromLeader(name, signal))?.position);
      return log.readFirst(name, signal);
    },
  };
  await createSecureDeletion({ nc, log: watching }, { stream, user }).deleteUpTo(
    subject('a'),
    released,
    signal,
  );
  t.deepEqual(seen, [released, released, undefined]);
});

test('a message that stays after its deletion is a fault', async (t) => {
  const { log, nc, stream, subject, append } = await createSetup(t);
  const position = await append('a', 'one');
  const record = await log.readFirst(subject('a'), signal);
  const stubborn = { ...log, readFirst: async () => record };
  await t.throwsAsync(
    createSecureDeletion({ nc, log: stubborn }, { stream, user }).deleteUpTo(
      subject('a'),
      position,
      signal,
    ),
    { name: 'SecureDeletionError' },
  );
});

test('a deletion takes one exact subject, and ends at its deadline', async (t) => {
  const { log, nc, stream, deletion, subject, append } = await createSetup(t);
  await append('a', 'one');
  await t.throwsAsync(deletion.deleteUpTo(subject('*'), 9, signal), { instanceOf: RangeError });
  const late = createSecureDeletion({ nc, log }, { stream, user, deadlineMs: 0 });
  await t.throwsAsync(late.deleteUpTo(subject('a'), 9, AbortSignal.abort()), {
    name: 'AbortError',
  });
});
