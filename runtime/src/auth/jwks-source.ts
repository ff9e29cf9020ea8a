import type { CryptoKey, JWTHeaderParameters } from 'jose';
import { withDeadline } from '../async/retry.ts';
import { AppError, coerceError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import type { KeyLoader } from './jwks-load.ts';
import { type KeySet, KeySetError, parseKeySet } from './jwks-parse.ts';

/** A key, and the last time its set was loaded or tried to be, in milliseconds since 1970. */
export type FoundKey = { readonly key: CryptoKey; readonly triedAtMs: number };

/** The current keys of one issuer. */
export type KeySource = {
  /** Throws `unauthorized` if no key fits, `service-unavailable` if the key set is unknown. */
  readonly findKey: (header: JWTHeaderParameters) => Promise<FoundKey>;
};

/** What a key source needs. */
export type KeySourceDeps = {
  readonly issuer: string;
  readonly loader: KeyLoader;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that a request may wait for a load; without it half a second. */
  readonly holdMs?: number | undefined;
};

/** Milliseconds that one load may take. */
const LOAD_DEADLINE_MS = 2_000;

/** The default of `holdMs`: a fetch over TLS takes less. */
const HOLD_MS = 500;

/**
 * Milliseconds that the last keys serve during an outage: a day. Without a bound, whoever can cut
 * us off from an issuer could keep a key alive that was taken from it.
 */
const MAX_STALE_MS = 86_400_000;

/**
 * Keeps an issuer's keys current. A token of the issuer loads the set again if the last load is
 * `maxAgeMs` old. An unknown key loads it at once, and `pauseMs` bounds how often unknown keys and
 * failures do. Concurrent requests share one load.
 *
 * A request with a known key does not wait for a load, and during an outage the last keys serve for
 * `MAX_STALE_MS`: refusing everybody is worse than accepting a removed key for that time. A request
 * waits for `holdMs` at most: if its key is unknown, or the keys are so old that one may have been
 * removed long ago.
 */
export function createKeySource(deps: KeySourceDeps): KeySource {
  const { issuer, loader, logger, now, holdMs = HOLD_MS } = deps;
  let read: { readonly text: string; readonly keys: KeySet; readonly atMs: number } | undefined;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let failure: Error | undefined;
  let loading: Promise<void> | undefined;

  const isOld = (sinceMs: number, maxMs: number) => {
    const ageMs = now() - sinceMs;
    // After the clock was set back, the age is unknown.
    return ageMs < 0 || ageMs >= maxMs;
  };
  const loadOnce = async () => {
    const atMs = now();
    const loaded = new AbortController();
    try {
      const text = await withDeadline(
        loader.load(loaded.signal),
        LOAD_DEADLINE_MS,
        () => new KeySetError(`the key set was not loaded within ${LOAD_DEADLINE_MS} ms`),
      );
      // The same text keeps its parsed keys.
      const keys = text === read?.text ? read.keys : parseKeySet(text);
      if (keys !== read?.keys) logger.info({ issuer, keyCount: keys.size }, 'issuer keys read');
      read = { text, keys, atMs };
      failure = undefined;
    } catch (error) {
      failure = coerceError(error);
      logger.warn({ issuer, error: failure }, 'issuer keys not read');
    } finally {
      loaded.abort();
    }
    triedAtMs = atMs;
  };
  const loadAgain = () => {
    loading ??= loadOnce().finally(() => {
      loading = undefined;
    });
    return loading;
  };
  const holdFor = async (load: Promise<void>) => {
    try {
      await withDeadline(load, holdMs, () => new KeySetError('the key set is late'));
    } catch {
      // Only the deadline rejects. The load goes on, and its own end is logged.
    }
  };
  const unavailable = (cause: unknown) =>
    new AppError('service-unavailable', {
      cause,
      detail: 'The keys of the issuer of this token are not available',
      retryAfterSeconds: Math.ceil(loader.pauseMs / 1_000),
    });
  const findRead = async (header: JWTHeaderParameters) => {
    if (read === undefined || isOld(read.atMs, MAX_STALE_MS)) throw unavailable(failure);
    try {
      // Read the time first: another load may end during the wait.
      const found = { triedAtMs, key: await read.keys.find(header) };
      return found.key === undefined ? undefined : { ...found, key: found.key };
    } catch (error) {
      throw unavailable(error);
    }
  };

  return {
    findKey: async (header) => {
      const isFailing = failure !== undefined;
      if (isOld(triedAtMs, isFailing ? loader.pauseMs : loader.maxAgeMs)) {
        const isServing =
          read !== undefined && !isOld(read.atMs, isFailing ? MAX_STALE_MS : loader.unaskedMs);
        const load = loadAgain();
        if (!isServing) await holdFor(load);
      }
      let found = await findRead(header);
      if (found === undefined && isOld(triedAtMs, loader.pauseMs)) {
        await holdFor(loadAgain());
        found = await findRead(header);
      }
      if (found !== undefined) return found;
      // The failed load, or the one under way, could have brought this key.
      if (failure !== undefined || loading !== undefined) throw unavailable(failure);
      throw new AppError('unauthorized');
    },
  };
}
