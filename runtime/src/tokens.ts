import type { Scope } from '@zameni/contracts';
import { createLocalJWKSet, errors as joseErrors, type JSONWebKeySet, jwtVerify } from 'jose';
import { AppError } from './errors.ts';
import { parseJson, SecretFileError } from './secrets.ts';

/** Who calls, as their token says. */
export type Caller = { readonly subject: string; readonly scopes: ReadonlySet<string> };

/** Checks the `Authorization` header of requests. */
export type TokenVerifier = {
  /** The caller; undefined without a header. Throws `unauthorized` for a token that does not hold. */
  readonly verify: (authorization: string | undefined) => Promise<Caller | undefined>;
};

/** Whose tokens are taken, for whom they must be made, and the issuer's public keys. */
export type TokenVerifierOptions = {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JSONWebKeySet;
};

/** Asymmetric algorithms only: a shared secret here could be used to make tokens. */
const ALGORITHMS = ['EdDSA', 'ES256', 'RS256', 'PS256'];

/** Clocks of issuer and services may differ by this many seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Verifies JWTs (RFC 7519, profile of RFC 9068 for `scope`) against a key set. */
export function createTokenVerifier({
  issuer,
  audience,
  jwks,
}: TokenVerifierOptions): TokenVerifier {
  const keys = createLocalJWKSet(jwks);
  return {
    verify: async (authorization) => {
      if (authorization === undefined) return undefined;
      const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
      if (token === undefined) throw new AppError('unauthorized');
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: ALGORITHMS,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['sub', 'exp'],
        });
        const scope = typeof payload['scope'] === 'string' ? payload['scope'] : '';
        if (!isSubject(payload.sub)) throw new AppError('unauthorized');
        return { subject: payload.sub, scopes: new Set(scope.split(' ').filter(Boolean)) };
      } catch (cause) {
        if (cause instanceof joseErrors.JOSEError) throw new AppError('unauthorized', { cause });
        throw cause;
      }
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

/** Subjects are recorded with what they cause, so they are bounded; visible ASCII, 1 to 256. */
function isSubject(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
}

/** Reads a key set (RFC 7517) from a file. */
export function readJwks(path: string): JSONWebKeySet {
  const value = parseJson(path);
  if (!isKeySet(value)) throw new SecretFileError(`${path} is not a JWKS with at least one key`);
  return value;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return (
    typeof value === 'object' &&
    value !== null &&
    'keys' in value &&
    Array.isArray(value.keys) &&
    value.keys.length > 0
  );
}
