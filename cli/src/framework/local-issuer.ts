import { readFile } from 'node:fs/promises';
import type { Scope } from '@zameni/contracts';
import type { Stack } from '@zameni/runtime/stack';
import { importJWK, SignJWT } from 'jose';

/** The `sub` of a local token by default. */
export const LOCAL_SUBJECT = 'local-operator';

/** The claims of a token. */
export type TokenContent = {
  readonly scopes: readonly Scope[];
  readonly subject: string;
  readonly ttlSeconds: number;
};

/** Signs a token with the key of the local stack's issuer. */
export async function issueToken(stack: Stack, content: TokenContent): Promise<string> {
  const jwk = JSON.parse(await readFile(stack.tokens.issuerKeyFile, 'utf8'));
  return new SignJWT({ scope: content.scopes.join(' ') })
    .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: 'at+jwt' })
    .setIssuer(stack.tokens.issuer)
    .setAudience(stack.tokens.audience)
    .setSubject(content.subject)
    .setIssuedAt()
    .setExpirationTime(`${content.ttlSeconds}s`)
    .sign(await importJWK(jwk));
}
