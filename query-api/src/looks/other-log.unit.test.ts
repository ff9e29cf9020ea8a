import type { LiveCheckpoint } from '@zameni/runtime';
import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { createOtherLog } from './other-log.ts';

/** Looks at the head each second, as a process does. */
function createSetup() {
  const clock = createManualClock();
  const seen = {
    checkpoint: { version: 1, position: 354 } as LiveCheckpoint | undefined,
    head: 354 as number | undefined,
  };
  const { isOther, comparing } = createOtherLog({ clock, checkpoint: () => seen.checkpoint });
  const look = comparing(async () => {
    if (seen.head === undefined) throw new Error('the log is away');
    return seen.head;
  });
  const lookFor = async (seconds: number) => {
    for (let n = 0; n < seconds; n += 1) {
      await look().catch(() => undefined);
      await clock.advance(1_000);
    }
  };
  return { clock, seen, isOther, comparing, look, lookFor };
}

test('a log that ends before the checkpoint is another one, also when it is longer again', async (t) => {
  const { seen, isOther, lookFor } = createSetup();
  await lookFor(3);
  t.false(isOther());
  seen.head = 177;
  await lookFor(2);
  t.true(isOther());
  seen.head = 400;
  await lookFor(2);
  t.true(isOther());
  // An operator has let readers see another version.
  seen.checkpoint = { version: 2, position: 354 };
  await lookFor(1);
  t.false(isOther());
});

test('a head that is low once, or unknown, says nothing', async (t) => {
  const { seen, isOther, look, lookFor } = createSetup();
  seen.head = 177;
  // Requests may look at once after each other.
  await look();
  await look();
  t.false(isOther());
  seen.head = undefined;
  await lookFor(5);
  t.false(isOther());
  seen.head = 354;
  await lookFor(1);
  seen.head = 177;
  await lookFor(1);
  t.false(isOther());
});

test('while the checkpoint is unknown, what was found stays', async (t) => {
  const { seen, isOther, lookFor } = createSetup();
  seen.checkpoint = undefined;
  seen.head = 177;
  await lookFor(5);
  t.false(isOther());
  seen.checkpoint = { version: 1, position: 354 };
  await lookFor(2);
  seen.checkpoint = undefined;
  await lookFor(5);
  t.true(isOther());
});

test('a head that was on its way while the projection went on says nothing', async (t) => {
  const { clock, seen, isOther, comparing, look } = createSetup();
  const head = Promise.withResolvers<number>();
  const reading = comparing(() => head.promise)();
  seen.checkpoint = { version: 1, position: 400 };
  head.resolve(354);
  await reading;
  // Were it compared with the newer checkpoint, this look would be the second one.
  await clock.advance(1_000);
  seen.head = 399;
  await look();
  t.false(isOther());
});
