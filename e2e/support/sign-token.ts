import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Stack } from '@zameni/runtime/testing';

/** Claims and header of a token that differ from a good one. `undefined` leaves one out. */
export type TokenParts = { readonly claims?: object; readonly header?: object };

const LIFETIME_SECONDS = 600;

/** Signs a token with the key of the stack's issuer, whatever it says. */
export async function signToken(
  { tokens }: Pick<Stack, 'tokens'>,
  { claims = {}, header = {} }: TokenParts = {},
): Promise<string> {
  const key = JSON.parse(await readFile(tokens.issuerKeyFile, 'utf8'));
  const now = Math.floor(Date.now() / 1_000);
  const usual = {
    iss: tokens.issuer,
    aud: tokens.audience,
    sub: 'e2e',
    iat: now,
    exp: now + LIFETIME_SECONDS,
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const protectedHeader = encode({ alg: 'EdDSA', kid: key.kid, typ: 'at+jwt', ...header });
  const signed = `${protectedHeader}.${encode({ ...usual, ...claims })}`;
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}
