import { redisKeys } from '@zameni/contracts';
import type { Logger } from '../process/logger.ts';
import { createLocalCounts, type Count, type LocalCounts } from './local-counts.ts';
import type { RateLimit, RateLimitPolicy } from './policy.ts';
import type { Redis } from '../cache/redis.ts';
import { withDeadline } from '../async/retry.ts';
import { systemClock } from '../async/clock.ts';
import { createBreaker } from '../async/circuit-breaker.ts';
import { Fault } from '../errors.ts';

/** The state of a key's window after a take. */
export type RateLimitState = RateLimit & {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
};

/** Limits by key. All processes share the counts while Redis answers. */
export type RateLimits<Name extends string> = {
  /**
   * Counts one request. Undefined if the policy is off. Never rejects. The key must be a keyed
   * digest, because it is written to Redis as given, and Redis must hold no address of a mailbox or
   * host.
   */
  readonly take: (policy: Name, key: string) => Promise<RateLimitState | undefined>;
  /** Whether a policy is off, so that the caller need not compute a key. */
  readonly isOff: (policy: Name) => boolean;
  /**
   * Whether this process may look at a request of which it is not known yet whether it counts. Always,
   * while the quota lasts; after that MAX_LOOKS times a second for each key.
   */
  readonly mayLook: (policy: Name, key: string) => boolean;
};

/** What rate limits need. Without Redis each process counts for itself. */
export type RateLimitsOptions<Name extends string> = {
  readonly policies: Readonly<Record<Name, RateLimitPolicy>>;
  readonly logger: Logger;
  readonly redis?: Redis | undefined;
  /** Keys that a process holds for each policy, about 200 bytes each. */
  readonly maxLocalKeys?: number;
  /** Milliseconds a take waits for Redis, and then the process decides alone; without it 100. */
  readonly deadlineMs?: number;
  readonly now?: () => number;
};

/** The default of `deadlineMs`. */
const TAKE_DEADLINE_MS = 100;
const MAX_LOCAL_KEYS = 50_000;

/**
 * Requests of a spent key that a process looks at in a second. A signature takes up to 0.2 ms, so
 * one network takes 2 % of the processor at most.
 */
export const MAX_LOOKS = 100;

/**
 * Counts a take, and begins a window if there is none. It is one step, so that no count stays
 * without an expiry. The source is sent each time: it is so short that EVALSHA with its fallback
 * saves nothing.
 * KEYS: counter. ARGV: length of the window (ms). Returns the takes and the milliseconds left.
 */
const takeScript = `
local taken = redis.call('incr', KEYS[1])
local ms = redis.call('pttl', KEYS[1])
if ms < 0 then ms = tonumber(ARGV[1]) redis.call('pexpire', KEYS[1], ms) end
return {taken, ms}`;

/**
 * Counts in fixed windows that begin with a key's first take. Redis decides while it answers within
 * the deadline. After three failures in a row the process decides alone for 500 ms. It keeps the
 * last shared count, so it continues from there, and it refuses a key beyond its quota from memory:
 * a flood costs Redis nothing. Without Redis each process allows the quota; no limit at all would
 * be worse. The server of the counters drops none: full, it refuses, which counts as a failure. Limits
 * are not exact: a key can take twice its quota around the end of a window.
 */
export function createRateLimits<Name extends string>(
  options: RateLimitsOptions<Name>,
): RateLimits<Name> {
  const { redis, logger, maxLocalKeys = MAX_LOCAL_KEYS, now = systemClock.now } = options;
  const { deadlineMs = TAKE_DEADLINE_MS } = options;
  const breaker = createBreaker({
    name: 'limits',
    failuresToOpen: 3,
    openMs: 500,
    now,
    onOpen: (error) => logger.warn({ error }, 'redis does not answer, limits are local'),
    onClose: () => logger.info({}, 'redis answers again, limits are shared'),
  });
  type Counted = { limit: RateLimit; counts: LocalCounts; looks: LocalCounts };
  const policies = new Map<string, 'off' | Counted>();
  for (const [name, limit] of Object.entries<RateLimitPolicy>(options.policies)) {
    // Names are written into headers, between quotes.
    if (!/^[a-z][a-z-]*$/.test(name)) throw new Fault(`${name} is not a name for a limit`);
    const counted = (one: RateLimit) => ({
      limit: one,
      counts: createCounts(one),
      looks: createCounts({ windowSeconds: 1 }),
    });
    policies.set(name, limit === 'off' ? limit : counted(limit));
  }

  function createCounts({ windowSeconds }: Pick<RateLimit, 'windowSeconds'>): LocalCounts {
    return createLocalCounts({ windowMs: windowSeconds * 1_000, maxKeys: maxLocalKeys, now });
  }

  async function takeShared(key: string, { windowSeconds }: RateLimit): Promise<Count | undefined> {
    if (redis?.status !== 'ready') return undefined;
    return breaker.run(async () => {
      const answer = redis.eval(takeScript, 1, key, windowSeconds * 1_000);
      return toCount(
        await withDeadline(answer, deadlineMs, () => new Fault('redis did not count in time')),
        now(),
      );
    });
  }

  function policyOf(name: Name) {
    const policy = policies.get(name);
    if (policy === undefined) throw new Fault('there is no limit of this name');
    return policy === 'off' ? undefined : policy;
  }

  return {
    isOff: (name) => policyOf(name) === undefined,
    mayLook: (name, key) => {
      const policy = policyOf(name);
      if (policy === undefined) return true;
      const isSpent = (policy.counts.read(key)?.taken ?? 0) >= policy.limit.quota;
      return !isSpent || policy.looks.take(key).taken <= MAX_LOOKS;
    },
    take: async (name, key) => {
      const policy = policyOf(name);
      if (policy === undefined) return undefined;
      const { limit, counts } = policy;
      const known = counts.read(key);
      if (known !== undefined && known.taken > limit.quota) return toState(limit, known, now());
      const shared = await takeShared(redisKeys.limit(name, key), limit);
      if (shared !== undefined) counts.keep(key, shared);
      return toState(limit, shared ?? counts.take(key), now());
    },
  };
}

function toCount(answer: unknown, nowMs: number): Count {
  const [taken, ms]: unknown[] = Array.isArray(answer) ? answer : [];
  if (typeof taken !== 'number' || typeof ms !== 'number') {
    throw new TypeError('redis did not answer with a count');
  }
  return { taken, resetsAtMs: nowMs + ms };
}

function toState(limit: RateLimit, { taken, resetsAtMs }: Count, nowMs: number): RateLimitState {
  return {
    quota: limit.quota,
    windowSeconds: limit.windowSeconds,
    isAllowed: taken <= limit.quota,
    remaining: Math.max(0, limit.quota - taken),
    resetSeconds: Math.max(1, Math.ceil((resetsAtMs - nowMs) / 1_000)),
  };
}
