import test from 'ava';
import { createManualClock } from '../../testing/clock.ts';
import { createHeadWatch } from './head-watch.ts';

function createSetup() {
  const clock = createManualClock();
  const log: { head: number | undefined } = { head: 5 };
  const watch = createHeadWatch({
    clock,
    readHead: async () => {
      if (log.head === undefined) throw new Error('the log is away');
      return log.head;
    },
  });
  return { clock, log, watch };
}

test('knows how long the log has been past a position, without a reader', async (t) => {
  const { clock, log, watch } = createSetup();
  await clock.advance(10_000);
  t.is(watch.pastForMs(4), 10_000);
  t.is(watch.pastForMs(5), 0);
  log.head = 6;
  await clock.advance(30_000);
  const pastMs = watch.pastForMs(5);
  t.true(pastMs >= 29_000 && pastMs <= 30_000, `${pastMs} ms`);
});

test('reads the head, and says nothing while the log is away', async (t) => {
  const { clock, log, watch } = createSetup();
  t.is(await watch.readHead(), 5);
  t.is(watch.lastHead(), 5);
  log.head = undefined;
  t.is(await watch.readHead(), undefined);
  t.is(watch.lastHead(), undefined);
  await clock.advance(5_000);
  log.head = 7;
  await clock.advance(2_000);
  t.true(watch.pastForMs(6) >= 1_000);
});

test('looks no more after its end', async (t) => {
  const { clock, log, watch } = createSetup();
  watch[Symbol.dispose]();
  log.head = 9;
  await clock.advance(10_000);
  t.is(watch.pastForMs(5), 0);
});
