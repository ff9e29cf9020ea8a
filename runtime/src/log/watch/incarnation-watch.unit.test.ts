import test from 'ava';
import { createManualClock } from '../../testing/clock.ts';
import { createIncarnationWatch } from './incarnation-watch.ts';

test('follows the incarnation, and keeps the last one while the log is away', async (t) => {
  const clock = createManualClock();
  const log: { incarnation: number | Error | undefined } = { incarnation: new Error('away') };
  using watch = createIncarnationWatch({
    clock,
    read: async () => {
      if (log.incarnation instanceof Error) throw log.incarnation;
      return log.incarnation;
    },
  });
  await watch.looked;
  t.is(watch.current(), 0);
  log.incarnation = 7;
  await clock.advance(2_000);
  t.is(watch.current(), 7);
  log.incarnation = new Error('away');
  await clock.advance(2_000);
  t.is(watch.current(), 7);
  log.incarnation = 8;
  await clock.advance(2_000);
  t.is(watch.current(), 8);
});
