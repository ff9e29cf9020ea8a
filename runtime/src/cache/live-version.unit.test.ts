import test, { type ExecutionContext } from 'ava';
import type { LiveCheckpoint } from '../postgres/read-checkpoint.ts';
import { createManualClock } from '../testing/clock.ts';
import { createLiveVersion } from './live-version.ts';

function createSetup(t: ExecutionContext) {
  const clock = createManualClock();
  const database: { live: LiveCheckpoint | 'away' | undefined; looks: number } = {
    live: { version: 1, position: 10 },
    looks: 0,
  };
  const seen: (number | undefined)[] = [];
  const live = createLiveVersion({
    clock,
    onLook: (found) => void seen.push(found?.position),
    read: async () => {
      database.looks += 1;
      if (database.live === 'away') throw new Error('the database is away');
      return database.live;
    },
  });
  t.teardown(() => live[Symbol.dispose]());
  return { clock, database, seen, live };
}

test('the version is unknown until the first look, which begins at once', async (t) => {
  const { clock, database, live } = createSetup(t);
  t.is(live.current(), undefined);
  t.is(database.looks, 1);
  await clock.advance(0);
  t.is(live.current(), 1);
});

test('follows a switch within a second, without a reader', async (t) => {
  const { clock, database, live } = createSetup(t);
  await clock.advance(10_500);
  t.true(database.looks === 11 || database.looks === 12);
  database.live = { version: 2, position: 12 };
  await clock.advance(1_000);
  t.is(live.current(), 2);
});

test('the last known version stays while the database is away or empty', async (t) => {
  const { clock, database, live } = createSetup(t);
  await clock.advance(0);
  for (const nothing of ['away', undefined] as const) {
    database.live = nothing;
    await clock.advance(60_000);
    t.is(live.current(), 1);
  }
  database.live = { version: 2, position: 12 };
  await clock.advance(1_000);
  t.is(live.current(), 2);
});

test('learns from a row before the first look, and while the database is away', async (t) => {
  const { clock, database, live } = createSetup(t);
  database.live = 'away';
  live.learn({ version: 3, position: 30 });
  t.is(live.current(), 3);
  await clock.advance(5_000);
  live.learn({ version: 4, position: 30 });
  t.is(live.current(), 4);
});

test('a row of a replica that lags teaches nothing', async (t) => {
  const { clock, database, live } = createSetup(t);
  database.live = { version: 2, position: 12 };
  await clock.advance(1_000);
  live.learn({ version: 1, position: 11 });
  t.is(live.current(), 2);
});

test('a row of the version before teaches nothing at the position of the switch', async (t) => {
  const { clock, live } = createSetup(t);
  await clock.advance(0);
  live.learn({ version: 2, position: 11 });
  live.learn({ version: 1, position: 11 });
  t.is(live.current(), 2);
});

test('a look counts although its position is older: the database may be a restored one', async (t) => {
  const { clock, database, live } = createSetup(t);
  live.learn({ version: 2, position: 12 });
  database.live = { version: 1, position: 10 };
  await clock.advance(1_000);
  t.is(live.current(), 1);
});

test('looks no more after its end', async (t) => {
  const { clock, database, live } = createSetup(t);
  await clock.advance(0);
  live[Symbol.dispose]();
  database.live = { version: 2, position: 12 };
  await clock.advance(10_000);
  t.is(live.current(), 1);
  t.is(database.looks, 1);
});

test('passes on what each look has found', async (t) => {
  const { clock, database, seen, live } = createSetup(t);
  await clock.advance(500);
  database.live = 'away';
  live.learn({ version: 1, position: 11 });
  await clock.advance(1_000);
  t.deepEqual(seen, [10, undefined]);
});
