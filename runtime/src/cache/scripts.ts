import { createHash } from 'node:crypto';
import type { Redis } from './redis.ts';

/** A Lua script and its SHA-1 digest, by which Redis caches it. */
export type CacheScript = { readonly source: string; readonly sha: string };

/**
 * Stores a view that a reader found in the database, unless a newer one is stored. Without a
 * watermark it stores nothing, because nothing would be trusted. An entry from before the watermark
 * is not settled and gets the short lifetime. Returns 1 if it stored the entry. The watermark is no
 * key of the script, because Redis asks for the right to write each of those, and readers have none.
 * KEYS: entry. ARGV: watermark, position, version, body, written at (ms), lifetime (ms), short
 * lifetime (ms).
 */
export const fillEntryScript = toScript(`
local watermark = redis.call('hmget', ARGV[1], 'epoch', 'position')
if not watermark[1] then return 0 end
local new = tonumber(ARGV[2])
local settled = new >= tonumber(watermark[2])
local stored = redis.call('hmget', KEYS[1], 'e', 'p', 's')
if stored[1] == watermark[1] then
  if stored[3] == '1' and not settled then return 0 end
  local old = tonumber(stored[2])
  if old > new or (old == new and (stored[3] == '1' or not settled)) then return 0 end
end
redis.call('hset', KEYS[1], 'e', watermark[1], 'p', ARGV[2], 'v', ARGV[3],
  's', settled and '1' or '0', 'b', ARGV[4], 't', ARGV[5])
redis.call('pexpire', KEYS[1], settled and ARGV[6] or ARGV[7])
return 1`);

/**
 * Writes entries through and advances the watermark in one step, only if epoch and position are the
 * expected ones. A stored entry stays if it is of this epoch and as new. Returns 1 if it advanced.
 * KEYS: watermark, then the entries. ARGV: epoch, position, next position, lifetime of the
 * watermark (ms), written at (ms), lifetime of entries (ms), then position, version, body of each
 * entry.
 */
export const advanceScript = toScript(`
local stored = redis.call('hmget', KEYS[1], 'epoch', 'position')
if stored[1] ~= ARGV[1] or stored[2] ~= ARGV[2] then return 0 end
for i = 2, #KEYS do
  local first = 3 * i + 1
  local entry = redis.call('hmget', KEYS[i], 'e', 'p', 's')
  local isNewer = true
  if entry[1] == ARGV[1] then
    local old, new = tonumber(entry[2]), tonumber(ARGV[first])
    isNewer = old < new or (old == new and entry[3] ~= '1')
  end
  if isNewer then
    redis.call('hset', KEYS[i], 'e', ARGV[1], 'p', ARGV[first], 'v', ARGV[first + 1], 's', '1',
      'b', ARGV[first + 2], 't', ARGV[5])
    redis.call('pexpire', KEYS[i], ARGV[6])
  end
end
redis.call('hset', KEYS[1], 'position', ARGV[3])
redis.call('pexpire', KEYS[1], ARGV[4])
return 1`);

/**
 * Begins an epoch. Entries of older epochs are not trusted after that. A watermark beyond the
 * position is that of another process, which has taken over. Returns 1 if the epoch begins.
 * KEYS: watermark. ARGV: epoch, position, lifetime (ms).
 */
export const beginEpochScript = toScript(`
local stored = redis.call('hget', KEYS[1], 'position')
if stored and tonumber(stored) > tonumber(ARGV[2]) then return 0 end
redis.call('hset', KEYS[1], 'epoch', ARGV[1], 'position', ARGV[2])
redis.call('pexpire', KEYS[1], ARGV[3])
return 1`);

/**
 * Runs a script by its digest, or by its source if Redis has not cached it. True if it returned 1.
 */
export async function runScript(
  redis: Redis,
  script: CacheScript,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<boolean> {
  try {
    return (await redis.evalsha(script.sha, keys.length, ...keys, ...values)) === 1;
  } catch (error) {
    if (!isMissingScript(error)) throw error;
    return (await redis.eval(script.source, keys.length, ...keys, ...values)) === 1;
  }
}

/**
 * Whether Redis has not cached a script yet, which is no failure. The first word of an error reply
 * is its code; ioredis has no field for it.
 */
export function isMissingScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT ');
}

function toScript(source: string): CacheScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
