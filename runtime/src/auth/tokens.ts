import type { Scope } from '@zameni/contracts';
import { decodeJwt, errors as joseErrors, jwtVerify } from 'jose';
import { AppError } from '../errors.ts';
import type { Logger } from '../process/logger.ts';
import type { TokenIssuer } from './issuers.ts';
import { createKeyLoader } from './jwks-load.ts';
import { createKeySource, type KeySource } from './jwks-source.ts';
import { createTokenCache } from './token-cache.ts';

/** Who calls, as their token says: a subject means something beside its issuer only. */
export type Caller = {
  readonly issuer: string;
  readonly subject: string;
  readonly scopes: ReadonlySet<string>;
};

/** Checks the `Authorization` header of requests. */
export type TokenVerifier = {
  /**
   * The caller; undefined without a header. Throws `unauthorized` for a token that does not hold and
   * `service-unavailable` when the keys of its issuer cannot be had. `beforeCheck` runs before what
   * is not remembered is checked, which costs; what it throws is thrown.
   */
  readonly verify: (
    authorization: string | undefined,
    beforeCheck?: () => Promise<void>,
  ) => Promise<Caller | undefined>;
};

/** Whose tokens are taken, and time in milliseconds since 1970. */
export type TokenVerifierOptions = {
  readonly issuers: readonly TokenIssuer[];
  readonly logger: Logger;
  readonly now?: () => number;
};

/**
 * Seconds by which the clocks of issuer and services may differ: RFC 7519 section 4.1.4 allows "no
 * more than a few minutes", and hosts that keep time are within a second.
 */
const CLOCK_SKEW_SECONDS = 30;

/** Milliseconds after the last look at a key for which tokens signed with it are remembered. */
const MAX_REMEMBERED_MS = 60_000;

/** Most tokens remembered; each takes less than a kilobyte. */
const MAX_REMEMBERED = 10_000;

/**
 * Verifies JWTs (RFC 7519, profile of RFC 9068 for `scope`) of several issuers, all trusted alike:
 * each may name any subject and give any scope. Good tokens are remembered for at most a minute from
 * when their key was seen in the issuer's set, so that a key taken away works no longer than that.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { logger, now = Date.now } = options;
  const trusted = new Map(
    options.issuers.map((about) => {
      const loader = createKeyLoader(about.keys);
      const keys = createKeySource({ issuer: about.issuer, loader, logger, now });
      return [about.issuer, { about, keys }] as const;
    }),
  );
  const remembered = createTokenCache<Caller>({ maxEntries: MAX_REMEMBERED, now });
  return {
    verify: async (authorization, beforeCheck) => {
      if (authorization === undefined) return undefined;
      const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
      const known = token === undefined ? undefined : remembered.get(token);
      if (known !== undefined) return known;
      await beforeCheck?.();
      if (token === undefined) throw new AppError('unauthorized');
      const issuer = trusted.get(readIssuer(token) ?? '');
      if (issuer === undefined) throw new AppError('unauthorized');
      const { caller, holdsUntilMs } = await checkToken(token, issuer, now());
      remembered.set(token, caller, holdsUntilMs);
      return caller;
    },
  };
}

/** Throws `unauthorized` without a caller and `forbidden` unless it has the scope or is `self`. */
export function requireScope(caller: Caller | undefined, scope: Scope, self?: string): void {
  if (caller === undefined) throw new AppError('unauthorized');
  if (!caller.scopes.has(scope) && (self === undefined || caller.subject !== self)) {
    throw new AppError('forbidden');
  }
}

type TrustedIssuer = { readonly about: TokenIssuer; readonly keys: KeySource };

/** Whose keys to ask; nothing of the token is believed before one of them has verified it. */
function readIssuer(token: string): string | undefined {
  return refuseFaults(() => decodeJwt(token)).iss;
}

async function checkToken(token: string, { about, keys }: TrustedIssuer, nowMs: number) {
  let lookedAtMs = 0;
  const verified = jwtVerify(
    token,
    async (header) => {
      const found = await keys.findKey(header);
      lookedAtMs = found.lookedAtMs;
      return found.key;
    },
    {
      issuer: about.issuer,
      audience: about.audience,
      algorithms: [...about.algorithms],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ['sub', 'exp'],
    },
  );
  const { payload } = await verified.catch(refuse);
  if (!isSubject(payload.sub) || payload.exp === undefined) throw new AppError('unauthorized');
  const scope = typeof payload['scope'] === 'string' ? payload['scope'] : '';
  const caller: Caller = {
    issuer: about.issuer,
    subject: payload.sub,
    scopes: new Set(scope.split(' ').filter(Boolean)),
  };
  const endsAtMs = (payload.exp + CLOCK_SKEW_SECONDS) * 1_000;
  return { caller, holdsUntilMs: Math.min(lookedAtMs + MAX_REMEMBERED_MS, endsAtMs) };
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

/** Subjects are recorded with what they cause, so they are bounded; visible ASCII, 1 to 256. */
function isSubject(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
}
