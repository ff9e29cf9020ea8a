import { setTimeout as delay } from 'node:timers/promises';
import {
  AppError,
  createLogger,
  createPool,
  type EventLog,
  type Logger,
  METRICS,
  type Pool,
} from '@zameni/runtime';
import { collectTelemetry, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createApi } from '../testing/api.fixture.ts';
import { createLogRoom, type LogRoom, type LogRoomDeps } from './room.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
/** Milliseconds after which a test that waits for what never ends has failed. */
const HANGS_MS = 30_000;
const bounds = { publicPercent: 60, vouchedPercent: 90, maxLiveAttempts: 100 };

type Looks = {
  readonly room: EventLog['room'];
  /** The number of live attempts in the database. */
  readonly live: () => Promise<string | undefined>;
};

/** A pool that never connects. The test answers its queries. */
function createAnsweringPool(t: ExecutionContext, live: Looks['live']): Pool {
  const url = 'postgres://nobody@127.0.0.1:1/none';
  const pool = createPool({ url, password: 'none', max: 1, name: 'test', logger });
  t.teardown(() => pool.end());
  const query = async () => {
    const count = await live();
    return { rows: count === undefined ? [] : [{ live: count }] };
  };
  return Object.assign(pool, { query });
}

/** The room of a log, the number of its reads, and its warnings. */
function createRoom(t: ExecutionContext, { room, live }: Looks) {
  const looks = { done: 0 };
  const warnings: unknown[][] = [];
  const warn = (...line: unknown[]) => void warnings.push(line);
  const log: LogRoomDeps['log'] = {
    room: async (signal) => {
      try {
        return await room(signal);
      } finally {
        looks.done += 1;
      }
    },
  };
  const pool = createAnsweringPool(t, live);
  const created = createLogRoom({ log, pool, logger: createWarner(warn) }, bounds);
  t.teardown(() => created[Symbol.asyncDispose]());
  const untilLooked = async (times: number) => {
    await waitUntil(async () => looks.done >= times);
    await new Promise(setImmediate);
  };
  return { room: created, looks, untilLooked, warnings };
}

function createWarner(warn: (...line: unknown[]) => void): Logger {
  const silent = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  return Object.assign(silent, { warn });
}

/** The kinds that are refused. */
function refusedBy(room: LogRoom): string[] {
  return (['public', 'vouched'] as const).filter((kind) => {
    try {
      room.assert(kind);
      return false;
    } catch (error) {
      if (error instanceof AppError && error.code === 'log-full') return true;
      throw error;
    }
  });
}

const of = (bytes: number) => async () => ({ bytes, maxBytes: 1_000 });
const attempts = (count: number) => async () => String(count);
const fails = async () => {
  throw new Error('out of reach');
};

const refuses = test.macro<[Looks, readonly string[]]>({
  title: (title = '') => title,
  exec: async (t, answers, expected) => {
    const { room, untilLooked } = createRoom(t, answers);
    await untilLooked(1);
    t.deepEqual(refusedBy(room), expected);
  },
});
const few = attempts(99);
test.serial('reports what it knows, and nothing before', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { room, untilLooked } = createRoom(t, {
    room: async () => ({ bytes: 30, maxBytes: 120 }),
    live: async () => '7',
  });
  t.deepEqual(await telemetry.valuesOf(METRICS.commit.roomUsed), []);
  await untilLooked(1);
  t.like(await telemetry.valuesOf(METRICS.commit.roomUsed), [{ value: 0.25 }]);
  t.like(await telemetry.valuesOf(METRICS.commit.liveAttempts), [{ value: 7 }]);
  t.like(await telemetry.valuesOf(METRICS.commit.maxLiveAttempts), [{ value: 100 }]);
  t.like(await telemetry.valuesOf(METRICS.commit.roomBound), [
    { value: 0.6, attributes: { 'zameni.registration.kind': 'public' } },
    { value: 0.9, attributes: { 'zameni.registration.kind': 'vouched' } },
  ]);
  await room[Symbol.asyncDispose]();
  t.deepEqual(await telemetry.valuesOf(METRICS.commit.liveAttempts), []);
});

test('below 60 % there is room for everybody', refuses, { room: of(599), live: few }, []);
test('from 60 % on the public is refused', refuses, { room: of(600), live: few }, ['public']);
test('below 90 % vouched registrations have room', refuses, { room: of(899), live: few }, [
  'public',
]);
test('from 90 % on everybody is refused', refuses, { room: of(900), live: few }, [
  'public',
  'vouched',
]);
test('the bound of attempts refuses the public', refuses, { room: of(0), live: attempts(100) }, [
  'public',
]);
test('a log without a bound has room', refuses, { room: async () => undefined, live: few }, []);
test(
  'before attempts were counted there is room',
  refuses,
  { room: of(0), live: async () => undefined },
  [],
);
test('a log whose size cannot be read refuses nobody', refuses, { room: fails, live: few }, []);
test(
  'without the size of the log the attempts still count',
  refuses,
  { room: fails, live: attempts(100) },
  ['public'],
);
test('without the database the log still counts', refuses, { room: of(900), live: fails }, [
  'public',
  'vouched',
]);

test('a refusal states when to try again', async (t) => {
  const { room, untilLooked } = createRoom(t, { room: of(1_000), live: few });
  await untilLooked(1);
  const error = t.throws(() => room.assert('vouched'), { instanceOf: AppError });
  t.is(error?.retryAfterSeconds, 600);
});

test('a request does not wait for a read', async (t) => {
  const never = () => new Promise<never>(() => undefined);
  const logOnly = { room: never };
  const room = createLogRoom({ log: logOnly, pool: createAnsweringPool(t, never), logger }, bounds);
  const { post } = createApi(t, { room });
  t.timeout(HANGS_MS, 'the request waits');
  t.is((await post()).statusCode, 202);
});

test('warns when it begins to refuse a kind, and again only after it admitted one', async (t) => {
  let bytes = 700;
  const { room, untilLooked, looks, warnings } = createRoom(t, {
    room: async () => ({ bytes, maxBytes: 1_000 }),
    live: few,
  });
  const untilHas = async (next: number) => {
    bytes = next;
    await untilLooked(looks.done + 1);
  };
  const full = (logKind: string, logPercent: number) => [
    { logKind, logPercent, liveAttempts: 99 },
    'the log is full',
  ];
  await untilLooked(1);
  for (let n = 0; n < 3; n += 1) t.deepEqual(refusedBy(room), ['public']);
  t.deepEqual(warnings.splice(0), [full('public', 70)]);
  await untilHas(950);
  t.deepEqual(refusedBy(room), ['public', 'vouched']);
  t.deepEqual(warnings.splice(0), [full('vouched', 95)]);
  // Nobody asked while there was room.
  await untilHas(500);
  await untilHas(950);
  t.deepEqual(refusedBy(room), ['public', 'vouched']);
  t.deepEqual(warnings.splice(0), []);
  await untilHas(500);
  t.deepEqual(refusedBy(room), []);
  await untilHas(950);
  t.deepEqual(refusedBy(room), ['public', 'vouched']);
  t.deepEqual(warnings.splice(0), [full('public', 95), full('vouched', 95)]);
});

test('reads again and again, and keeps the last value if a read fails', async (t) => {
  let isGone = false;
  let bytes = 700;
  const { room, untilLooked, looks } = createRoom(t, {
    room: async () => (isGone ? fails() : { bytes, maxBytes: 1_000 }),
    live: few,
  });
  await untilLooked(1);
  t.deepEqual(refusedBy(room), ['public']);
  bytes = 500;
  await untilLooked(2);
  t.deepEqual(refusedBy(room), []);
  bytes = 700;
  await untilLooked(3);
  isGone = true;
  await untilLooked(4);
  t.deepEqual(refusedBy(room), ['public']);
  await room[Symbol.asyncDispose]();
  t.is(looks.done, 4);
});

test('while a read hangs no other starts or queues', async (t) => {
  const began: number[] = [];
  const hanging = Promise.withResolvers<string>();
  const { untilLooked } = createRoom(t, {
    room: of(0),
    live: () => {
      began.push(performance.now());
      return began.length === 1 ? hanging.promise : few();
    },
  });
  await delay(2_500);
  t.is(began.length, 1);
  hanging.resolve('0');
  await untilLooked(3);
  const [, second = 0, third = 0] = began;
  t.true(third - second > 500, `the third look came ${third - second} ms after the second`);
});

test('ends at once while a read hangs, and logs nothing', async (t) => {
  const hanging = Promise.withResolvers<never>();
  const { room, looks, warnings } = createRoom(t, {
    room: of(0),
    live: () => hanging.promise,
  });
  t.timeout(HANGS_MS, 'it waits for the look');
  await room[Symbol.asyncDispose]();
  hanging.reject(new Error('the pool has ended'));
  await delay(1_500);
  t.is(looks.done, 1);
  t.deepEqual(warnings, []);
});
