import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { waitUntil } from '../testing/wait.ts';
import { watchEventLoop } from './event-loop-watch.ts';

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a loop is late after five late turns, until one is in time', async (t) => {
  using watch = watchEventLoop({ maxLateMs: 20, everyMs: 1 });
  t.false(watch.isLate());
  for (let turns = 0; !watch.isLate() && turns < 20; turns += 1) {
    block(25);
    await turn();
  }
  t.true(watch.isLate());
  await waitUntil(() => !watch.isLate());
  t.pass();
});

test('one long pause is not load', async (t) => {
  using watch = watchEventLoop({ maxLateMs: 100, everyMs: 20 });
  block(300);
  const until = performance.now() + 150;
  while (performance.now() < until) {
    await turn();
    if (watch.isLate()) return t.fail();
  }
  t.pass();
});
