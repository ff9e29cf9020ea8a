import test from 'ava';
import { createManualClock } from '../testing/clock.ts';
import { waitUntil } from '../testing/wait.ts';
import { eachSecond } from './each-second.ts';

test('looks at once, then about once a second, and no more after its end', async (t) => {
  const clock = createManualClock();
  const looks: number[] = [];
  const watch = eachSecond({
    clock,
    deadlineMs: 1_000,
    read: async () => clock.now(),
    onLook: (atMs) => void looks.push(atMs ?? Number.NaN),
  });
  await watch.looked;
  t.deepEqual(looks, [0]);
  await clock.advance(20_000);
  const pauses = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? 0));
  t.true(pauses.length >= 20);
  for (const pause of pauses) t.true(pause >= 900 && pause <= 1_000, `${pause} ms`);
  t.true(new Set(pauses).size > 1, 'processes that begin together do not look in step');
  watch[Symbol.dispose]();
  const { length } = looks;
  await clock.advance(5_000);
  t.is(looks.length, length);
});

test('a look that fails or hangs says that nothing is known, and the next one counts', async (t) => {
  const clock = createManualClock();
  const reads = [
    () => new Promise<number>(() => undefined),
    () => Promise.reject<number>(new Error('away')),
    () => Promise.resolve(7),
  ];
  const found: (number | undefined)[] = [];
  using watch = eachSecond({
    clock,
    deadlineMs: 10,
    read: () => (reads.shift() ?? (() => Promise.resolve(8)))(),
    onLook: (number) => void found.push(number),
  });
  await waitUntil(async () => {
    await clock.advance(1_000);
    return found.length >= 3;
  });
  t.deepEqual(found.slice(0, 3), [undefined, undefined, 7]);
  t.is(await watch.look(), 8);
  t.is(found.at(-1), 8);
});
