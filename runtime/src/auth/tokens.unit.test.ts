import { parseUserId, type UserId } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { AppError } from '../errors.ts';
import {
  AUDIENCE,
  createKeyFile,
  createTestKey,
  createTestVerifier,
  ISSUER,
  issuerAt,
  START_MS,
  START_SECONDS,
} from './tokens.fixture.ts';
import { requireScope } from './tokens.ts';

const key = await createTestKey('k1');
const stranger = await createTestKey('k1');
const second = { key: await createTestKey('s1', 'ES256'), issuer: 'https://two.example.org/' };
const claims = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'client-1',
  iat: START_SECONDS - 60,
  exp: START_SECONDS + 600,
};

function createVerifier(t: ExecutionContext) {
  const { path, publish } = createKeyFile(t, [key.jwk]);
  const other = createKeyFile(t, [second.key.jwk]);
  const verifier = createTestVerifier(
    issuerAt({ kind: 'file', path }),
    issuerAt(
      { kind: 'file', path: other.path },
      { issuer: second.issuer, audience: 'zameni-two', algorithms: ['ES256'] },
    ),
  );
  return { ...verifier, publish };
}

function toUserId(number: number): UserId {
  const id = parseUserId(`0190a8c0-0000-7000-8000-00000000ab0${number}`);
  if (id === undefined) throw new TypeError('not a user id');
  return id;
}

async function codeOf(t: ExecutionContext, promise: Promise<unknown>) {
  return (await t.throwsAsync(promise, { instanceOf: AppError }))?.code;
}

/** A token with a header or signature that no issuer makes. */
function forge(header: object, payload: JWTPayload, signature = ''): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode(header)}.${encode(payload)}.${signature}`;
}

/** Really signed: only the extension is wrong. */
async function signExtension(): Promise<string> {
  const unsigned = forge({ alg: 'EdDSA', kid: 'k1', typ: 'at+jwt', crit: ['x'], x: 1 }, claims);
  const data = Buffer.from(unsigned.slice(0, -1));
  const signature = await crypto.subtle.sign('Ed25519', key.privateKey, data);
  return `${unsigned}${Buffer.from(signature).toString('base64url')}`;
}

async function signWithPublicKey(): Promise<string> {
  const publicKey = await importJWK(key.jwk, 'EdDSA', { extractable: true });
  if (publicKey instanceof Uint8Array) throw new TypeError('not a public key');
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'at+jwt' })
    .sign(Buffer.from(await exportSPKI(publicKey)));
}

test('a good token gives its issuer, subject and scopes', async (t) => {
  const { verify } = createVerifier(t);
  const caller = await verify(await key.sign({ scope: 'users:read registrations:write' }));
  t.like(caller, { issuer: ISSUER, subject: 'client-1' });
  t.deepEqual([...(caller?.scopes ?? [])], ['users:read', 'registrations:write']);
});

test('without a header there is no caller', async (t) => {
  t.is(await createVerifier(t).verifyHeader(undefined), undefined);
});

test('a token of each issuer is valid with that issuer’s keys and audience', async (t) => {
  const { verify } = createVerifier(t);
  const about = { iss: second.issuer, aud: 'zameni-two' };
  t.is((await verify(await second.key.sign(about)))?.subject, 'client-1');
  t.is((await verify(await key.sign()))?.subject, 'client-1');
  t.is((await verify(await key.sign({ aud: ['other', AUDIENCE] })))?.subject, 'client-1');
});

const refused = test.macro({
  title: (what) => `refuses a token ${what}`,
  exec: async (t, make: () => Promise<string> | string) => {
    t.is(await codeOf(t, createVerifier(t).verify(await make())), 'unauthorized');
  },
});

test('that expired', refused, () =>
  key.sign({ iat: START_SECONDS - 600, exp: START_SECONDS - 30 }),
);
test('that is not valid yet', refused, () => key.sign({ nbf: START_SECONDS + 31 }));
test('of another issuer', refused, () => key.sign({ iss: 'https://evil.example.org/' }));
test('without issuer', refused, () => key.sign({ iss: undefined as never }));
test('whose issuer is a list', refused, () => key.sign({ iss: [ISSUER] as never }));
test('for another audience', refused, () => key.sign({ aud: 'other' }));
test('for the audience of another issuer', refused, () => key.sign({ aud: 'zameni-two' }));
test('without audience', refused, () => key.sign({ aud: undefined as never }));
test('that one issuer signed in the name of another', refused, () =>
  key.sign({ iss: second.issuer, aud: 'zameni-two' }),
);
test('signed by another key of the same name', refused, () => stranger.sign());
test('changed after it was signed', refused, async () => {
  const [header, , signature] = (await key.sign()).split('.');
  const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
  return `${header}.${payload}.${signature}`;
});
test('without subject', refused, () => key.sign({ sub: undefined as never }));
test('with an empty subject', refused, () => key.sign({ sub: '' }));
test('with a subject of 257 characters', refused, () => key.sign({ sub: 'x'.repeat(257) }));
test('with a control character in its subject', refused, () => key.sign({ sub: 'a\u0000b' }));
test('with a subject that is no text', refused, () => key.sign({ sub: 5 as never }));
test('without expiry', refused, () => key.sign({ exp: undefined as never }));
test('whose expiry is a text', refused, () => key.sign({ exp: `${claims.exp}` as never }));
test('with alg none', refused, () => new UnsecuredJWT(claims).encode());
test('with alg NONE in capitals', refused, () => forge({ alg: 'NONE', kid: 'k1' }, claims));
test('that is not signed', refused, () => forge({ alg: 'EdDSA', kid: 'k1' }, claims));
test('signed with the public key as a shared secret', refused, signWithPublicKey);
test('signed as its issuer must not', refused, () =>
  second.key.sign({ iss: ISSUER, aud: AUDIENCE }),
);
test('that asks for an extension', refused, () => signExtension());
test('that brings its own key', refused, () => stranger.sign({}, { jwk: stranger.jwk }));
test('that is no JWT', refused, () => 'abc');
test('that is three dots', refused, () => '...');

test('clocks may differ by 30 seconds', async (t) => {
  const { verify } = createVerifier(t);
  t.truthy(await verify(await key.sign({ iat: START_SECONDS - 600, exp: START_SECONDS - 29 })));
  t.truthy(await verify(await key.sign({ nbf: START_SECONDS + 30 })));
});

test('refuses a header of another scheme', async (t) => {
  t.is(await codeOf(t, createVerifier(t).verifyHeader('Basic abc')), 'unauthorized');
});

test('a token is cached for 60 seconds after its key was loaded, and no longer', async (t) => {
  const { verify, clock, publish } = createVerifier(t);
  const token = await key.sign();
  const caller = await verify(token);
  publish();
  clock.nowMs = START_MS + 59_999;
  t.is(await verify(token), caller);
  clock.nowMs = START_MS + 60_000;
  t.is(await codeOf(t, verify(token)), 'unauthorized');
});

test('a cached token ends when it expires', async (t) => {
  const { verify, clock } = createVerifier(t);
  const token = await key.sign({ iat: START_SECONDS - 600, exp: START_SECONDS - 20 });
  t.truthy(await verify(token));
  clock.nowMs = START_MS + 9_999;
  t.truthy(await verify(token));
  clock.nowMs = START_MS + 10_000;
  t.is(await codeOf(t, verify(token)), 'unauthorized');
});

test('a signature is checked after `beforeCheck` only, and what has none that counts needs no look', async (t) => {
  const { verifyHeader } = createVerifier(t);
  const authorization = `Bearer ${await key.sign()}`;
  const refuse = () => {
    throw new AppError('rate-limited');
  };
  t.is(await codeOf(t, verifyHeader(authorization, refuse)), 'rate-limited');
  const foreign = `Bearer ${await key.sign({ iss: 'https://another.example.org' })}`;
  for (const header of [foreign, 'Bearer a.b.c', 'Basic abc']) {
    t.is(await codeOf(t, verifyHeader(header, refuse)), 'unauthorized');
  }
  t.is(await verifyHeader(undefined, refuse), undefined);
  const caller = await verifyHeader(authorization);
  t.is(await verifyHeader(authorization, refuse), caller);
});

test('a refused token is not cached', async (t) => {
  const { verify, clock } = createVerifier(t);
  const token = await key.sign({ nbf: START_SECONDS + 31 });
  t.is(await codeOf(t, verify(token)), 'unauthorized');
  clock.nowMs = START_MS + 1_000;
  t.truthy(await verify(token));
});

test('a scope or the own id gives access; otherwise unauthorized or forbidden', (t) => {
  const [self, other] = [toUserId(1), toUserId(2)];
  const caller = { issuer: ISSUER, subject: self, scopes: new Set(['users:read']) };
  t.notThrows(() => requireScope(caller, 'users:read'));
  t.notThrows(() => requireScope({ ...caller, scopes: new Set() }, 'users:read', self));
  t.is(
    t.throws(() => requireScope(undefined, 'users:read'), { instanceOf: AppError })?.code,
    'unauthorized',
  );
  t.like(
    t.throws(() => requireScope(caller, 'registrations:write', other), { instanceOf: AppError }),
    { code: 'forbidden', missingScope: 'registrations:write' },
  );
});
