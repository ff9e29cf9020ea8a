import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from '@zameni/runtime';
import { insist, openRedisOf, type Stack } from '@zameni/runtime/testing';

/** Empties the cache, as an operator might, or a restart. */
export async function flushCache(stack: Stack): Promise<void> {
  await withRedis(stack, (redis) => insist(() => redis.flushall()));
}

/** Lets the cache evict half of its entries, and go on evicting for a while. */
export async function evictFromCache(stack: Stack, forMs: number): Promise<void> {
  await withRedis(stack, async (redis) => {
    const [, before = ''] = await insist(() => redis.config('GET', 'maxmemory')).then(toTexts);
    const memory = await insist(() => redis.info('memory'));
    const [used, empty] = [
      numberIn(memory, 'used_memory'),
      numberIn(memory, 'used_memory_startup'),
    ];
    const half = Math.round((used + empty) / 2);
    await insist(() => redis.config('SET', 'maxmemory', half));
    try {
      await pause(forMs);
    } finally {
      await insist(() => redis.config('SET', 'maxmemory', before));
    }
  });
}

async function withRedis(stack: Stack, use: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = openRedisOf(stack, { user: 'tester', server: 'cache' });
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

function toTexts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

function numberIn(report: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(report)?.[1] ?? 0);
}
