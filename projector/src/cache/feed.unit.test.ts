import { createLogger } from '@zameni/runtime';
import type { CacheEpoch, ViewChange } from './writer.ts';
import test from 'ava';
import { createCacheFeed } from './feed.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const change: ViewChange = { kind: 'user', id: 'a', position: 5, view: { version: 1, body: '{}' } };

/** A Redis that fails or loses the epoch on demand, and records its calls. */
function createTestFeed() {
  const asked: string[] = [];
  const redis = {
    state: 'there' as 'there' | 'away' | 'emptied' | 'of another',
    nowMs: 0,
    epochs: 0,
  };
  const feed = createCacheFeed({
    writer: {
      begin: async ({ id, position }: CacheEpoch) => {
        asked.push(`begin ${id} at ${position}`);
        if (redis.state === 'away') throw new Error('away');
        if (redis.state === 'of another') return false;
        redis.state = 'there';
        return true;
      },
      advance: async ({ id, position }, next, changes) => {
        asked.push(`${id}: ${position} to ${next}, ${changes.length}`);
        if (redis.state === 'away') throw new Error('away');
        return redis.state === 'there';
      },
    },
    newEpochId: () => {
      redis.epochs += 1;
      return `e${redis.epochs}`;
    },
    now: () => redis.nowMs,
    logger,
  });
  return { feed, redis, asked };
}

test('begins an epoch once and advances it batch by batch', async (t) => {
  const { feed, asked } = createTestFeed();
  feed.resume(4);
  await feed.follow(4, []);
  await feed.follow(5, [change]);
  t.true(await feed.follow(9, []));
  t.deepEqual(asked, ['begin e1 at 4', 'e1: 4 to 4, 0', 'e1: 4 to 5, 1', 'e1: 5 to 9, 0']);
});

test('a lost epoch is followed by another at the checkpoint', async (t) => {
  const { feed, redis, asked } = createTestFeed();
  await feed.follow(4, []);
  redis.state = 'emptied';
  t.false(await feed.follow(5, [change]));
  await feed.follow(9, []);
  t.deepEqual(asked.slice(2), ['e1: 4 to 5, 1', 'begin e2 at 9', 'e2: 9 to 9, 0']);
});

test('a failed write never fails the projection, ends the epoch and pauses', async (t) => {
  const { feed, redis, asked } = createTestFeed();
  await feed.follow(4, []);
  redis.state = 'away';
  t.false(await feed.follow(5, [change]));
  redis.state = 'there';
  t.false(await feed.follow(6, [change]));
  t.deepEqual(asked.slice(2), ['e1: 4 to 5, 1']);
  redis.nowMs = 1_000;
  await feed.follow(7, []);
  t.deepEqual(asked.slice(3), ['begin e2 at 7', 'e2: 7 to 7, 0']);
});

test('a take-over keeps an epoch only where it stood', async (t) => {
  const { feed, asked } = createTestFeed();
  await feed.follow(4, []);
  feed.resume(4);
  await feed.follow(4, []);
  feed.resume(8);
  await feed.follow(8, []);
  t.deepEqual(asked.slice(2), ['e1: 4 to 4, 0', 'begin e2 at 8', 'e2: 8 to 8, 0']);
});

test('a process that woke up behind the active one begins no epoch', async (t) => {
  const { feed, redis, asked } = createTestFeed();
  redis.state = 'of another';
  t.false(await feed.follow(4, [change]));
  redis.state = 'there';
  t.false(await feed.follow(9, [change]));
  redis.nowMs = 1_000;
  t.true(await feed.follow(9, [change]));
  t.deepEqual(asked, ['begin e1 at 4', 'begin e2 at 9', 'e2: 9 to 9, 1']);
});
