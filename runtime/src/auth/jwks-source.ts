import type { CryptoKey, JWTHeaderParameters } from 'jose';
import { withDeadline } from '../async/retry.ts';
import { AppError, coerceError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import type { KeyLoader } from './jwks-load.ts';
import { type KeySet, KeySetError, parseKeySet } from './jwks-parse.ts';

/** A key, and when the set it is from was last looked at, in milliseconds since 1970. */
export type FoundKey = { readonly key: CryptoKey; readonly lookedAtMs: number };

/** The keys of one issuer, as they change. */
export type KeySource = {
  /** Throws `unauthorized` when no key fits, `service-unavailable` when that cannot be known. */
  readonly findKey: (header: JWTHeaderParameters) => Promise<FoundKey>;
};

/** What a key source needs. */
export type KeySourceDeps = {
  readonly issuer: string;
  readonly loader: KeyLoader;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Milliseconds that one look may take: a request waits for it. */
const LOOK_DEADLINE_MS = 2_000;

/** Milliseconds that keys outlive the last look that succeeded. */
const MAX_STALE_MS = 300_000;

/**
 * Keeps an issuer's keys current. A token of that issuer makes it look again once the last look is
 * `maxAgeMs` old, and a key it does not know makes it look at once; `pauseMs` bounds how often that
 * key or a failure does. One look serves all who wait. When a look fails the last keys are used on
 * for `MAX_STALE_MS`: that an issuer's outage stops everything is worse than that a key taken away
 * in that time works until then.
 */
export function createKeySource({ issuer, loader, logger, now }: KeySourceDeps): KeySource {
  let read: { readonly text: string; readonly keys: KeySet; readonly atMs: number } | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let failure: Error | undefined;
  let look: Promise<void> | undefined;

  const isOld = (sinceMs: number, maxMs: number) => {
    const ageMs = now() - sinceMs;
    // A clock that was put back says nothing about the age.
    return ageMs < 0 || ageMs >= maxMs;
  };
  const lookOnce = async () => {
    const atMs = now();
    try {
      const text = await withDeadline(
        loader.load(AbortSignal.timeout(LOOK_DEADLINE_MS)),
        LOOK_DEADLINE_MS,
        () => new KeySetError(`the key set was not had within ${LOOK_DEADLINE_MS} ms`),
      );
      // The same text keeps the keys that were made from it.
      const keys = text === read?.text ? read.keys : parseKeySet(text);
      if (keys !== read?.keys) logger.info({ issuer, keys: keys.size }, 'issuer keys read');
      read = { text, keys, atMs };
      failure = undefined;
    } catch (error) {
      failure = coerceError(error);
      logger.warn({ issuer, error: failure }, 'issuer keys not read');
    }
    lookedAtMs = atMs;
  };
  const lookAgain = () => {
    look ??= lookOnce().finally(() => {
      look = undefined;
    });
    return look;
  };
  const unavailable = (cause: unknown) =>
    new AppError('service-unavailable', {
      cause,
      detail: 'The keys of the issuer of this token cannot be had',
      retryAfterSeconds: Math.ceil(loader.pauseMs / 1_000),
    });
  const findRead = async (header: JWTHeaderParameters) => {
    if (read === undefined || isOld(read.atMs, MAX_STALE_MS)) throw unavailable(failure);
    try {
      // When the set was looked at, before a look that may end while this waits.
      const found = { lookedAtMs, key: await read.keys.find(header) };
      return found.key === undefined ? undefined : { ...found, key: found.key };
    } catch (error) {
      throw unavailable(error);
    }
  };

  return {
    findKey: async (header) => {
      if (isOld(lookedAtMs, failure === undefined ? loader.maxAgeMs : loader.pauseMs)) {
        await lookAgain();
      }
      let found = await findRead(header);
      if (found === undefined && isOld(lookedAtMs, loader.pauseMs)) {
        await lookAgain();
        found = await findRead(header);
      }
      if (found !== undefined) return found;
      // It may be a new key.
      if (failure !== undefined) throw unavailable(failure);
      throw new AppError('unauthorized');
    },
  };
}
