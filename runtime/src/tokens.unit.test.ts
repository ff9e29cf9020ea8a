import test from 'ava';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { AppError } from './errors.ts';
import { createTokenVerifier, requireScope } from './tokens.ts';

const issuer = 'https://id.example.org/';
const { publicKey, privateKey } = await generateKeyPair('EdDSA');
const other = await generateKeyPair('EdDSA');
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA' }] };
const { verify } = createTokenVerifier({ issuer, audience: 'zameni', jwks });

function sign(claims: JWTPayload, key = privateKey): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ iss: issuer, aud: 'zameni', sub: 'client-1', exp: now + 60, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
    .sign(key);
}

test('a good token gives its subject and scopes', async (t) => {
  const caller = await verify(`Bearer ${await sign({ scope: 'users:read registrations:write' })}`);
  t.is(caller?.subject, 'client-1');
  t.deepEqual([...(caller?.scopes ?? [])], ['users:read', 'registrations:write']);
});

test('without a header there is no caller', async (t) => {
  t.is(await verify(undefined), undefined);
});

const now = Math.floor(Date.now() / 1_000);
const badTokens: Record<string, () => Promise<string> | string> = {
  'that expired': () => sign({ exp: now - 60 }),
  'that is not valid yet': () => sign({ nbf: now + 60 }),
  'of another issuer': () => sign({ iss: 'https://evil.example.org/' }),
  'for another audience': () => sign({ aud: 'other' }),
  'signed by another key': () => sign({}, other.privateKey),
  'without subject': () => sign({ sub: undefined as never }),
  'without expiry': () => sign({ exp: undefined as never }),
  'with alg none': () =>
    new UnsecuredJWT({ iss: issuer, aud: 'zameni', sub: 'client-1', exp: now + 60 }).encode(),
  'with an empty subject': () => sign({ sub: '' }),
  'with a subject of 257 characters': () => sign({ sub: 'x'.repeat(257) }),
  'with a control character in its subject': () => sign({ sub: 'a\u0000b' }),
  'with a subject that is no text': () => sign({ sub: 5 as never }),
  'that is no JWT': () => 'abc',
};
for (const [what, make] of Object.entries(badTokens)) {
  test(`refuses a token ${what}`, async (t) => {
    const token = await make();
    const error = await t.throwsAsync(verify(`Bearer ${token}`), { instanceOf: AppError });
    t.is(error?.code, 'unauthorized');
  });
}

test('refuses a header of another scheme', async (t) => {
  await t.throwsAsync(verify('Basic abc'), { instanceOf: AppError });
});

test('a scope, or being oneself, opens; otherwise unauthorized or forbidden', (t) => {
  const caller = { subject: 'u1', scopes: new Set(['users:read']) };
  t.notThrows(() => requireScope(caller, 'users:read'));
  t.notThrows(() => requireScope({ ...caller, scopes: new Set() }, 'users:read', 'u1'));
  t.is(
    t.throws(() => requireScope(undefined, 'users:read'), { instanceOf: AppError })?.code,
    'unauthorized',
  );
  t.is(
    t.throws(() => requireScope(caller, 'registrations:write', 'u2'), { instanceOf: AppError })
      ?.code,
    'forbidden',
  );
});
