import type { Logger } from '../process/logger.ts';
import { createLocalCounts, type Count, type LocalCounts } from './local-counts.ts';
import type { RateLimit, RateLimitPolicy } from './policy.ts';
import type { Redis } from '../cache/redis.ts';
import { withDeadline } from '../async/retry.ts';
import { createBreaker } from '../async/circuit-breaker.ts';

/** How a key stands in its window after a take. */
export type RateLimitState = RateLimit & {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Seconds until the window ends, one at least. */
  readonly resetSeconds: number;
};

/** Limits by key, common to all processes while Redis answers. */
export type RateLimits<Name extends string> = {
  /**
   * Counts one request. Undefined when the policy is off. Never fails. The key must be a keyed digest:
   * what is counted is written to Redis as it is given, and no address of a mailbox or host may be.
   */
  readonly take: (policy: Name, key: string) => Promise<RateLimitState | undefined>;
  /** Whether a policy counts nothing, so that no key need be made for it. */
  readonly isOff: (policy: Name) => boolean;
  /** Whether this process knows already that a take would be refused; counts nothing. */
  readonly isSpent: (policy: Name, key: string) => boolean;
};

/** What limits need; without Redis each process counts for itself. */
export type RateLimitsOptions<Name extends string> = {
  readonly policies: Readonly<Record<Name, RateLimitPolicy>>;
  readonly logger: Logger;
  readonly redis?: Redis | undefined;
  readonly prefix?: string;
  /** Keys a process remembers for each policy: some 200 bytes each. */
  readonly maxLocalKeys?: number;
  readonly now?: () => number;
};

/** Milliseconds a take waits for Redis: beyond it the process decides alone. */
const TAKE_DEADLINE_MS = 100;
const MAX_LOCAL_KEYS = 50_000;

/**
 * Counts, and begins the window when there is none. One step, so that no count is left without an end.
 * Sent in whole each time: it is shorter than an exchange about whether Redis knows it.
 * KEYS: counter. ARGV: length of the window (ms).
 */
const takeScript = `
local taken = redis.call('incr', KEYS[1])
local ms = redis.call('pttl', KEYS[1])
if ms < 0 then ms = tonumber(ARGV[1]) redis.call('pexpire', KEYS[1], ms) end
return {taken, ms}`;

/**
 * Fixed windows that begin with a key's first take. Who decides: Redis while it answers within the
 * deadline; after three failures in a row it is left alone for 500 ms and this process decides. What
 * Redis said is remembered, so the process goes on from the common count, and a key that is beyond its
 * quota is refused from memory: a flood costs Redis nothing. Without Redis each process allows the
 * quota; the worse failure, a door without a limit, does not happen. Redis may drop counters when its
 * memory is full, and a key can take twice its quota around the end of a window.
 */
export function createRateLimits<Name extends string>(
  options: RateLimitsOptions<Name>,
): RateLimits<Name> {
  const { redis, logger, prefix = '', maxLocalKeys = MAX_LOCAL_KEYS, now = Date.now } = options;
  const breaker = createBreaker({
    failuresToOpen: 3,
    openMs: 500,
    now,
    onOpen: (error) => logger.warn({ error }, 'redis does not answer, limits are local'),
    onClose: () => logger.info('redis answers again, limits are common'),
  });
  const policies = new Map<string, 'off' | { limit: RateLimit; counts: LocalCounts }>();
  for (const [name, limit] of Object.entries<RateLimitPolicy>(options.policies)) {
    // Names are written into headers between quotes.
    if (!/^[a-z][a-z-]*$/.test(name)) throw new Error(`${name} is no name for a limit`);
    policies.set(name, limit === 'off' ? limit : { limit, counts: createCounts(limit) });
  }

  function createCounts({ windowSeconds }: RateLimit): LocalCounts {
    return createLocalCounts({ windowMs: windowSeconds * 1_000, maxKeys: maxLocalKeys, now });
  }

  async function takeCommon(key: string, { windowSeconds }: RateLimit): Promise<Count | undefined> {
    if (redis?.status !== 'ready') return undefined;
    return breaker.run(async () => {
      const answer = redis.eval(takeScript, 1, key, windowSeconds * 1_000);
      return toCount(
        await withDeadline(
          answer,
          TAKE_DEADLINE_MS,
          () => new Error('redis did not count in time'),
        ),
        now(),
      );
    });
  }

  function policyOf(name: Name) {
    const policy = policies.get(name);
    if (policy === undefined) throw new Error('there is no limit of this name');
    return policy === 'off' ? undefined : policy;
  }

  return {
    isOff: (name) => policyOf(name) === undefined,
    isSpent: (name, key) => {
      const policy = policyOf(name);
      return (policy?.counts.read(key)?.taken ?? 0) >= (policy?.limit.quota ?? Infinity);
    },
    take: async (name, key) => {
      const policy = policyOf(name);
      if (policy === undefined) return undefined;
      const { limit, counts } = policy;
      const known = counts.read(key);
      if (known !== undefined && known.taken > limit.quota) return toState(limit, known, now());
      const common = await takeCommon(`${prefix}zameni:limit:${name}:${key}`, limit);
      if (common !== undefined) counts.keep(key, common);
      return toState(limit, common ?? counts.take(key), now());
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
