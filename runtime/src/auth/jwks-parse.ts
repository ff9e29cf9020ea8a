import {
  type CryptoKey,
  createLocalJWKSet,
  errors as joseErrors,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';

/** A key set that cannot be loaded or used. The fault is the issuer's, not the token's. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

/** The public keys of an issuer. */
export type KeySet = {
  readonly size: number;
  /**
   * The one key that fits a token's header. Undefined if none fits, or several: then the header
   * must name the `kid`. Throws KeySetError for a key that cannot be used.
   */
  readonly find: (header: JWTHeaderParameters) => Promise<CryptoKey | undefined>;
};

/** Most keys in a set. Each is compared with every token. */
const MAX_KEYS = 100;

/** Least size of an RSA key (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2_048;

/** Parses a key set (RFC 7517). The error does not quote the text: it may be a misplaced secret. */
export function parseKeySet(text: string): KeySet {
  const content = parseJson(text);
  if (!isKeySet(content)) throw new KeySetError('the key set is not a JWKS (RFC 7517)');
  if (content.keys.length > MAX_KEYS) {
    throw new KeySetError(`the key set has more than ${MAX_KEYS} keys`);
  }
  const keys = createLocalJWKSet(content);
  return {
    size: content.keys.length,
    find: async (header) => {
      try {
        return refuseWeak(await keys(header));
      } catch (cause) {
        if (isMismatch(cause)) return undefined;
        if (cause instanceof KeySetError) throw cause;
        throw new KeySetError('a key of the set cannot be used', { cause });
      }
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, so it is not passed on.
    throw new KeySetError('the key set is not JSON');
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== 'object' || value === null || !('keys' in value)) return false;
  return (
    Array.isArray(value.keys) &&
    value.keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
  );
}

function isMismatch(error: unknown): boolean {
  return (
    error instanceof joseErrors.JWKSNoMatchingKey ||
    error instanceof joseErrors.JWKSMultipleMatchingKeys ||
    error instanceof joseErrors.JOSENotSupported
  );
}

function refuseWeak(key: CryptoKey): CryptoKey {
  const bits = 'modulusLength' in key.algorithm ? Number(key.algorithm.modulusLength) : undefined;
  if (bits !== undefined && bits < MIN_RSA_BITS) {
    throw new KeySetError(`a key of the set has less than ${MIN_RSA_BITS} bits`);
  }
  return key;
}
