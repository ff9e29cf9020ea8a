import { parseUserId } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { AppError } from '../errors.ts';
import type { TokenIssuer } from './issuers.ts';
import { requireScope } from './tokens.ts';
import {
  createKeyFile,
  createTestKey,
  createTestVerifier,
  issuerAt,
  START_SECONDS,
} from './tokens.fixture.ts';

const key = await createTestKey('k1');
const stranger = await createTestKey('k1');

const LIFETIME = 3_600;

function verifierOf(t: ExecutionContext, more: Partial<TokenIssuer> = {}) {
  const { path } = createKeyFile(t, [key.jwk]);
  return createTestVerifier(issuerAt({ kind: 'file', path }, more));
}

const refused = test.macro({
  title: (what) => `refuses a token ${what}`,
  exec: async (
    t,
    claims: object,
    { header = {}, ...more }: Partial<TokenIssuer> & { readonly header?: object } = {},
  ) => {
    const token = await key.sign(claims, header);
    const error = await t.throwsAsync(verifierOf(t, more).verify(token), { instanceOf: AppError });
    t.is(error?.code, 'unauthorized');
  },
});
const taken = test.macro({
  title: (what) => `takes a token ${what}`,
  exec: async (
    t,
    claims: object,
    { header = {}, ...more }: Partial<TokenIssuer> & { readonly header?: object } = {},
  ) => {
    t.truthy(await verifierOf(t, more).verify(await key.sign(claims, header)));
  },
});

test('of another type', refused, {}, { header: { typ: 'JWT' } });
test('without a type', refused, {}, { header: { typ: undefined } });
test('whose type is no text', refused, {}, { header: { typ: ['at+jwt'] } });
test('with its media type in full', taken, {}, { header: { typ: 'application/at+JWT' } });
test('of the type of its issuer', taken, {}, { tokenType: 'JWT', header: { typ: 'JWT' } });
test('of another type than its issuer’s', refused, {}, { tokenType: 'JWT' });
test('of any type if its issuer says so', taken, {}, { tokenType: 'any', header: { typ: 'x' } });
test(
  'without a type if its issuer says so',
  taken,
  {},
  {
    tokenType: 'any',
    header: { typ: undefined },
  },
);

test('without time of issue', refused, { iat: undefined });
test('whose time of issue is a text', refused, { iat: String(START_SECONDS) });
test('that ends before it was issued', refused, { iat: START_SECONDS + 601 });
test('with the longest life', taken, { iat: START_SECONDS, exp: START_SECONDS + LIFETIME });
test('with a longer life', refused, { iat: START_SECONDS, exp: START_SECONDS + LIFETIME + 1 });
test('that was issued in ten years', refused, {
  iat: START_SECONDS + 315_360_000,
  exp: START_SECONDS + 315_360_000 + 60,
});
test('that never ends', refused, { exp: 1e300 });
test('that never ends, and was issued then', refused, { iat: 1e300, exp: 1e300 });
test('that was issued before all time', refused, { iat: -1e300 });
test('that is valid at the end of time', refused, { nbf: 1e300 });

test('clocks may differ by 30 seconds at the end of the longest life', async (t) => {
  const { verify } = verifierOf(t);
  const tokenOf = (ahead: number) =>
    key.sign({ iat: START_SECONDS + ahead, exp: START_SECONDS + ahead + LIFETIME });
  t.truthy(await verify(await tokenOf(30)));
  await t.throwsAsync(verify(await tokenOf(31)), { instanceOf: AppError });
});

const scoped = test.macro({
  title: (what) => `the scopes of a token with ${what}`,
  exec: async (t, claims: object, ...expected: readonly string[]) => {
    const caller = await verifierOf(t).verify(await key.sign(claims));
    t.deepEqual([...(caller?.scopes ?? [])], [...expected]);
  },
});
test('none', scoped, {});
test('a text', scoped, { scope: 'users:read users:write' }, 'users:read', 'users:write');
test('spaces', scoped, { scope: '  users:read  ' }, 'users:read');
test('a list', scoped, { scope: ['users:read', 'users:write'] }, 'users:read', 'users:write');
test('scp as a text', scoped, { scp: 'users:read users:write' }, 'users:read', 'users:write');
test('scp as a list', scoped, { scp: ['users:read'] }, 'users:read');
test('both', scoped, { scope: 'users:read', scp: ['users:write'] }, 'users:read', 'users:write');
test(
  'two names in one entry',
  scoped,
  { scope: ['users:read users:write'] },
  'users:read users:write',
);
test('whose scope is a number', refused, { scope: 5 });
test('whose scope is an object', refused, { scope: { 'users:read': true } });
test('whose scopes are not all texts', refused, { scope: ['users:read', 5] });
test('whose scp is no text', refused, { scope: 'users:read', scp: true });

const ID = '0190a8c0-0000-7000-8000-00000000abcd';

test('an id in capitals is the same person', async (t) => {
  const id = parseUserId(ID);
  const caller = await verifierOf(t).verify(await key.sign({ sub: ID.toUpperCase() }));
  t.is(caller?.subject, ID);
  t.notThrows(() => requireScope(caller, 'users:read', id));
});

test('other subjects are as the issuer writes them', async (t) => {
  t.is((await verifierOf(t).verify(await key.sign({ sub: 'Client-A' })))?.subject, 'Client-A');
});

for (const [what, header] of Object.entries({
  'a key': { jwk: stranger.jwk },
  'the place of a key set': { jku: 'http://127.0.0.1:1/jwks.json' },
  'the place of a certificate': { x5u: 'http://127.0.0.1:1/cert.pem', x5t: 'AAAA' },
  'a certificate': { x5c: ['AAAA'] },
})) {
  test(`of a header that brings ${what}, only alg and kid are believed`, async (t) => {
    const { verify } = verifierOf(t);
    t.truthy(await verify(await key.sign({}, header)));
    for (const kid of ['k1', 'k2']) {
      const forged = await stranger.sign({}, { ...header, kid });
      await t.throwsAsync(verify(forged), { instanceOf: AppError, message: /token/ });
    }
  });
}
test('whose kid is no text', refused, {}, { header: { kid: 5 } });
test('with another kid', refused, {}, { header: { kid: 'k2' } });
