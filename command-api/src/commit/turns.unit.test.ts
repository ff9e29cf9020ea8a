import test from 'ava';
import { createTurns } from './turns.ts';

const signal = AbortSignal.timeout(600_000);

/** An act that lasts until `end` is called. */
function createAct(name: string) {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { act: () => promise, end: () => resolve(name) };
}

test('under one key one acts at a time, in the order of coming', async (t) => {
  const inTurn = createTurns();
  const seen: string[] = [];
  const act = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => inTurn('key', signal, act(name))));
  t.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('other keys do not wait', async (t) => {
  const inTurn = createTurns();
  const long = createAct('long');
  const first = inTurn('a', signal, long.act);
  t.is(await inTurn('b', signal, async () => 'other'), 'other');
  long.end();
  await first;
});

test('after a failure it is the next one’s turn', async (t) => {
  const inTurn = createTurns();
  const fail = inTurn('key', signal, () => Promise.reject(new Error('failed')));
  const next = inTurn('key', signal, async () => 'next');
  await t.throwsAsync(fail, { message: 'failed' });
  t.is(await next, 'next');
});

test('an act that has waited too long leaves the queue', async (t) => {
  const inTurn = createTurns();
  const long = createAct('long');
  const leaving = new AbortController();
  const first = inTurn('key', signal, long.act);
  const late = inTurn('key', leaving.signal, () => Promise.reject(new Error('it is not my turn')));
  const last = inTurn('key', signal, async () => 'last');
  leaving.abort();
  t.like(await t.throwsAsync(late), { code: 'log-unavailable', retryAfterSeconds: 1 });
  long.end();
  t.is(await first, 'long');
  t.is(await last, 'last');
});

test('a signal that aborts during the turn removes no other act from the queue', async (t) => {
  const inTurn = createTurns();
  const long = createAct('long');
  const leaving = new AbortController();
  const first = inTurn('key', signal, long.act);
  const second = inTurn('key', leaving.signal, async () => 'second');
  const third = inTurn('key', signal, async () => 'third');
  long.end();
  await first;
  leaving.abort();
  t.deepEqual(await Promise.all([second, third]), ['second', 'third']);
});

test('beyond the bound it is overloaded', async (t) => {
  const inTurn = createTurns(1);
  const long = createAct('long');
  const first = inTurn('key', signal, long.act);
  const second = inTurn('key', signal, async () => 'second');
  const third = inTurn('key', signal, async () => 'third');
  t.like(await t.throwsAsync(third), { code: 'overloaded' });
  long.end();
  t.is(await first, 'long');
  t.is(await second, 'second');
});
