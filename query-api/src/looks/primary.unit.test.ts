import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { createPrimaryLooks } from './primary.ts';

test('a position counts as reached a second after a look has found it', async (t) => {
  const clock = createManualClock();
  const looks = createPrimaryLooks(clock);
  const learn = (position: number) => looks.learn({ version: 1, position });
  t.is(looks.newest(), 0);
  t.is(looks.lately(), 0);
  learn(10);
  t.is(looks.newest(), 10);
  t.is(looks.lately(), 0);
  await clock.advance(1_000);
  learn(20);
  t.is(looks.newest(), 20);
  t.is(looks.lately(), 10);
  await clock.advance(1_000);
  t.is(looks.lately(), 20);
  // Nothing is forgotten while the database is away.
  looks.learn(undefined);
  await clock.advance(60_000);
  t.is(looks.last(), undefined);
  t.is(looks.newest(), 20);
  t.is(looks.lately(), 20);
  // A restored backup is behind.
  learn(15);
  t.deepEqual(looks.last(), { version: 1, position: 15 });
  t.is(looks.lately(), 15);
});
