import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { KeyPlace } from './jwks-load.ts';
import { PATIENCE_MS } from '../testing/wait.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { createTokenVerifier } from './tokens.ts';
import type { TokenIssuer } from './issuers.ts';

/** The issuer of test tokens. */
export const ISSUER = 'https://id.example.org/';

/** The audience of test tokens. */
export const AUDIENCE = 'zameni';

/** The time of tests, 2026-01-01, in seconds since 1970. */
export const START_SECONDS = 1_767_225_600;

/** The time of tests in milliseconds since 1970. */
export const START_MS = START_SECONDS * 1_000;

/** A logger that logs nothing. */
export const silent = createSilentLogger();

/** A key of an issuer: the published JWK, and the private key to sign with. */
export async function createTestKey(kid: string, alg = 'EdDSA') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg };
  const sign = (claims: object = {}, header: object = {}) =>
    new SignJWT({
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'client-1',
      iat: START_SECONDS - 60,
      exp: START_SECONDS + 600,
      ...claims,
    })
      .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
      .sign(privateKey);
  return { jwk, privateKey, sign };
}

/** A key set in a temporary file, and a function that overwrites it. */
export function createKeyFile(t: ExecutionContext, keys: readonly JWK[]) {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-jwks-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'jwks.json');
  const publish = (...published: readonly JWK[]) =>
    writeFileSync(path, JSON.stringify({ keys: published }));
  publish(...keys);
  return { folder, path, publish };
}

/** An issuer whose keys are at a place. */
export function issuerAt(keys: KeyPlace, more: Partial<TokenIssuer> = {}): TokenIssuer {
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['EdDSA'],
    tokenType: 'at+jwt',
    maxLifetimeSeconds: 3_600,
    keys,
    ...more,
  };
}

/** A verifier with a clock that the test sets. It waits for keys as long as a test does. */
export function createTestVerifier(...issuers: readonly TokenIssuer[]) {
  const clock = { nowMs: START_MS };
  const now = () => clock.nowMs;
  const { verify } = createTokenVerifier({ issuers, logger: silent, now, holdMs: PATIENCE_MS });
  return { clock, verify: (token: string) => verify(`Bearer ${token}`), verifyHeader: verify };
}
