import { parseUserId, type Scope, type UserId } from '@zameni/contracts';
import { decodeJwt, errors as joseErrors, jwtVerify } from 'jose';
import { AppError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import type { TokenIssuer } from './issuers.ts';
import { createKeyLoader } from './jwks-load.ts';
import { createKeySource, type KeySource } from './jwks-source.ts';
import { createTokenCache } from './token-cache.ts';
import { CLOCK_SKEW_SECONDS, isLifetimeBounded, parseScopes } from './token-claims.ts';

/** The caller as their token names them. A subject is unique only together with its issuer. */
export type Caller = {
  readonly issuer: string;
  /** A user id is in lower case, however the token writes it. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
};

/** Checks the `Authorization` header of requests. */
export type TokenVerifier = {
  /**
   * The caller; undefined without a header. Throws `unauthorized` for an invalid token and
   * `service-unavailable` if the keys of its issuer cannot be loaded. `beforeCheck` runs before the
   * costly check of a token that is not cached; its error is passed on.
   */
  readonly verify: (
    authorization: string | undefined,
    beforeCheck?: () => void,
  ) => Promise<Caller | undefined>;
};

/** The trusted issuers, and a clock in milliseconds since 1970. */
export type TokenVerifierOptions = {
  readonly issuers: readonly TokenIssuer[];
  readonly logger: Logger;
  readonly now?: () => number;
  /** Milliseconds that a request may wait for the keys of its issuer; without it half a second. */
  readonly holdMs?: number;
};

/** Milliseconds after the last tried load of a key for which tokens signed with it are cached. */
const MAX_CACHED_MS = 60_000;

/** Most cached tokens. Each takes less than a kilobyte. */
const MAX_CACHED = 10_000;

/**
 * Verifies JWTs (RFC 7519, in the profile of RFC 9068) of several issuers. Of the header only `alg`
 * and `kid` are believed, and `typ` must be the one of the issuer. All issuers are trusted
 * alike: each may name any subject and grant any scope. Valid tokens are cached for at most a
 * minute after the last load of the issuer's keys was tried. So a removed key works no longer than
 * that, as long as the keys can be loaded.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { logger, now = Date.now, holdMs } = options;
  const trusted = new Map(
    options.issuers.map((about) => {
      const loader = createKeyLoader(about.keys);
      const keys = createKeySource({ issuer: about.issuer, loader, logger, now, holdMs });
      return [about.issuer, { about, keys }] as const;
    }),
  );
  const cache = createTokenCache<Caller>({ maxEntries: MAX_CACHED, now });
  return {
    verify: async (authorization, beforeCheck) => {
      if (authorization === undefined) return undefined;
      const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
      const known = token === undefined ? undefined : cache.get(token);
      if (known !== undefined) return known;
      if (token === undefined) throw new AppError('unauthorized');
      const issuer = trusted.get(readIssuer(token) ?? '');
      if (issuer === undefined) throw new AppError('unauthorized');
      beforeCheck?.();
      const { caller, validUntilMs } = await checkToken(token, issuer, now());
      cache.set(token, caller, validUntilMs);
      return caller;
    },
  };
}

/**
 * Throws `unauthorized` without a caller, and `forbidden` with the name of the scope unless they
 * have it or are `self`.
 */
export function requireScope(
  caller: Caller | undefined,
  scope: Scope,
  self?: UserId,
): asserts caller is Caller {
  if (caller === undefined) throw new AppError('unauthorized');
  if (caller.scopes.has(scope) || (self !== undefined && parseUserId(caller.subject) === self)) {
    return;
  }
  throw new AppError('forbidden', { missingScope: scope });
}

type TrustedIssuer = { readonly about: TokenIssuer; readonly keys: KeySource };

/** The issuer that the token claims. It only selects the keys; the token is not verified yet. */
function readIssuer(token: string): string | undefined {
  return refuseFaults(() => decodeJwt(token)).iss;
}

async function checkToken(token: string, { about, keys }: TrustedIssuer, nowMs: number) {
  let triedAtMs = 0;
  const verified = jwtVerify(
    token,
    async ({ alg, kid }) => {
      if (kid !== undefined && typeof kid !== 'string') throw new AppError('unauthorized');
      const found = await keys.findKey(kid === undefined ? { alg } : { alg, kid });
      triedAtMs = found.triedAtMs;
      return found.key;
    },
    {
      issuer: about.issuer,
      audience: about.audience,
      algorithms: [...about.algorithms],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ['sub', 'iat', 'exp'],
      ...(about.tokenType === 'any' ? {} : { typ: about.tokenType }),
    },
  );
  const { payload } = await verified.catch(refuse);
  const { sub, exp } = payload;
  const scopes = parseScopes(payload);
  const { maxLifetimeSeconds } = about;
  const isBounded = isLifetimeBounded(payload, { nowMs, maxLifetimeSeconds });
  if (!isSubject(sub) || exp === undefined || !isBounded || scopes === undefined) {
    throw new AppError('unauthorized');
  }
  const caller: Caller = { issuer: about.issuer, subject: parseUserId(sub) ?? sub, scopes };
  const endsAtMs = (exp + CLOCK_SKEW_SECONDS) * 1_000;
  return { caller, validUntilMs: Math.min(triedAtMs + MAX_CACHED_MS, endsAtMs) };
}

function refuseFaults<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuse(error);
  }
}

function refuse(cause: unknown): never {
  if (cause instanceof joseErrors.JOSEError) throw new AppError('unauthorized', { cause });
  throw cause;
}

/** 1 to 256 visible ASCII characters: events record the subject, so its size is bounded. */
function isSubject(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
}
