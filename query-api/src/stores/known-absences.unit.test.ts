import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { rememberAbsences } from './known-absences.ts';

const { signal } = new AbortController();

function setUp(inLog: ReadonlySet<string> = new Set()) {
  const clock = createManualClock();
  const asked: string[] = [];
  const isInLog = rememberAbsences(async (id) => {
    asked.push(id);
    return inLog.has(id);
  }, clock);
  return { clock, asked, isKnown: (id: string) => isInLog(id, signal) };
}

test('for a second the log is asked once for what it lacks', async (t) => {
  const { clock, asked, isKnown } = setUp();
  t.false(await isKnown('a'));
  t.false(await isKnown('a'));
  t.false(await isKnown('b'));
  t.deepEqual(asked, ['a', 'b']);
  await clock.advance(1_001);
  t.false(await isKnown('a'));
  t.deepEqual(asked, ['a', 'b', 'a']);
});

test('what the log has is asked for each time', async (t) => {
  const { asked, isKnown } = setUp(new Set(['a']));
  t.true(await isKnown('a'));
  t.true(await isKnown('a'));
  t.is(asked.length, 2);
});

test('a failure is not remembered', async (t) => {
  let isAway = true;
  const isInLog = rememberAbsences(async () => {
    if (isAway) throw new Error('away');
    return true;
  }, createManualClock());
  await t.throwsAsync(isInLog('a', signal));
  isAway = false;
  t.true(await isInLog('a', signal));
});

test('the oldest id is forgotten when there are too many', async (t) => {
  const { asked, isKnown } = setUp();
  for (let n = 0; n <= 10_000; n += 1) await isKnown(String(n));
  await isKnown('1');
  t.is(asked.length, 10_001);
  await isKnown('0');
  t.is(asked.length, 10_002);
});
