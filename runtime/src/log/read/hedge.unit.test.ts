import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { waitUntil } from '../../testing/wait.ts';
import { type Ask, createHedge } from './hedge.ts';

const { signal } = new AbortController();
const bounds = { afterMs: 10, deadlineMs: 5_000, maxExtra: 8 };
const hedge = createHedge(bounds);
const silent: Ask<string> = (end) =>
  new Promise((_, reject) => {
    end.addEventListener('abort', () => reject(end.reason), { once: true });
  });
const failing: Ask<string> = async () => {
  throw new Error('away');
};

test('an answer in time asks nobody else', async (t) => {
  let others = 0;
  const other: Ask<string> = async () => {
    others += 1;
    return 'other';
  };
  t.is(await hedge([async () => 'first', other], signal), 'first');
  await delay(20);
  t.is(others, 0);
});

test('a silent server is passed over, and stopped', async (t) => {
  let isStopped = false;
  const first: Ask<string> = async (end) => {
    try {
      return await silent(end);
    } finally {
      isStopped = true;
    }
  };
  t.is(await hedge([first, silent, async () => 'third'], signal), 'third');
  await delay(1);
  t.true(isStopped);
});

test('a slow answer still counts if it comes first', async (t) => {
  const slow: Ask<string> = async () => {
    await delay(30);
    return 'slow';
  };
  t.is(await hedge([slow, silent], signal), 'slow');
});

test('a failure asks the next one at once', async (t) => {
  t.is(
    await createHedge({ ...bounds, afterMs: 60_000 })([failing, async () => 'second'], signal),
    'second',
  );
});

test('after a second failure it pauses, because an election takes a while', async (t) => {
  const startedAt = performance.now();
  t.is(await hedge([failing, failing, async () => 'third'], signal), 'third');
  t.true(performance.now() - startedAt >= 7, 'three quarters of the pause');
});

test('only the failure of all is a failure', async (t) => {
  await t.throwsAsync(hedge([failing, failing], signal), { message: 'away' });
});

test('an abort ends all', async (t) => {
  const ending = new AbortController();
  const asked = hedge([silent, silent], ending.signal);
  setTimeout(() => ending.abort(new Error('over')), 20);
  await t.throwsAsync(asked, { message: 'over' });
});

test('without an answer it ends at the deadline', async (t) => {
  const short = createHedge({ ...bounds, deadlineMs: 30 });
  await t.throwsAsync(short([silent, silent], signal), { message: /within 30 ms/ });
});

test('the number of extra tries is bounded, and a place is taken when one is free', async (t) => {
  const narrow = createHedge({ ...bounds, maxExtra: 1 });
  let isFree = false;
  const second: Ask<string> = async (end) => (isFree ? 'second' : silent(end));
  const ending = new AbortController();
  const first = t.throwsAsync(narrow([silent, second], ending.signal));
  await delay(30);
  isFree = true;
  const other = narrow([silent, second], signal);
  await delay(30);
  ending.abort(new Error('over'));
  await first;
  t.is(await other, 'second');
});

test('a try that does not hear of the end holds no place after it', async (t) => {
  const narrow = createHedge({ ...bounds, maxExtra: 1 });
  const deaf: Ask<string> = () => new Promise(() => undefined);
  const slow: Ask<string> = async () => {
    await delay(30);
    return 'slow';
  };
  t.is(await narrow([slow, deaf], signal), 'slow');
  t.is(await narrow([deaf, async () => 'second'], signal), 'second');
  t.is(await narrow([slow, deaf], signal), 'slow', 'nor is a place freed twice');
  const ended = new AbortController();
  void narrow([silent, deaf], ended.signal).catch(() => undefined);
  await delay(30);
  let others = 0;
  const other: Ask<string> = async () => {
    others += 1;
    return 'other';
  };
  t.is(await narrow([slow, other], signal), 'slow');
  t.is(others, 0);
  ended.abort(new Error('over'));
});

test('those who wait since the same moment do not ask again at the same moment', async (t) => {
  const calm = createHedge({ afterMs: 40, deadlineMs: 5_000, maxExtra: 100 });
  const spread = async () => {
    const atMs: number[] = [];
    const second: Ask<string> = async () => {
      atMs.push(performance.now());
      return 'second';
    };
    await Promise.all(Array.from({ length: 30 }, () => calm([silent, second], signal)));
    t.is(atMs.length, 30);
    return Math.max(...atMs) - Math.min(...atMs);
  };
  // After a stall of this process all of them are due.
  await waitUntil(async () => (await spread()) > 5);
});
