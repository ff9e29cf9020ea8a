import { hash } from 'node:crypto';

/** Values by token, each until its own end in milliseconds since 1970. */
export type TokenCache<Value> = {
  readonly get: (token: string) => Value | undefined;
  readonly set: (token: string, value: Value, untilMs: number) => void;
};

/** Bound of a token cache, and a clock in milliseconds since 1970. */
export type TokenCacheOptions = { readonly maxEntries: number; readonly now: () => number };

/** Stores values by the token's digest, so that a memory dump contains no usable token. */
export function createTokenCache<Value>({ maxEntries, now }: TokenCacheOptions): TokenCache<Value> {
  type Entry = { readonly value: Value; readonly sinceMs: number; readonly untilMs: number };
  const entries = new Map<string, Entry>();
  return {
    get: (token) => {
      const digest = digestOf(token);
      const entry = entries.get(digest);
      if (entry === undefined) return undefined;
      const nowMs = now();
      // Before `sinceMs` the clock was set back, and the value would live too long.
      if (nowMs >= entry.sinceMs && nowMs < entry.untilMs) return entry.value;
      entries.delete(digest);
      return undefined;
    },
    set: (token, value, untilMs) => {
      const sinceMs = now();
      if (untilMs <= sinceMs) return;
      const digest = digestOf(token);
      // Deleting first keeps the map in the order of the last writes.
      entries.delete(digest);
      entries.set(digest, { value, sinceMs, untilMs });
      if (entries.size > maxEntries) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
    },
  };
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
