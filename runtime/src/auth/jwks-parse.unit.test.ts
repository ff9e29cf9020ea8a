import { inspect } from 'node:util';
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { exportJWK } from 'jose';
import { KeySetError, parseKeySet } from './jwks-parse.ts';
import { createTestKey } from './tokens.fixture.ts';

const key = await createTestKey('k1');
const header = { alg: 'EdDSA', kid: 'k1' };
const setOf = (...keys: readonly object[]) => parseKeySet(JSON.stringify({ keys }));

test('finds the key that a header names', async (t) => {
  const keys = setOf(key.jwk, (await createTestKey('k2')).jwk);
  t.is(keys.size, 2);
  t.truthy(await keys.find(header));
  t.is(await keys.find({ alg: 'EdDSA', kid: 'k3' }), undefined);
  t.is(await keys.find({ alg: 'ES256', kid: 'k1' }), undefined);
  t.is(await keys.find({ alg: 'HS256', kid: 'k1' }), undefined);
});

test('finds none when the header fits several', async (t) => {
  const keys = setOf(key.jwk, (await createTestKey('k2')).jwk);
  t.is(await keys.find({ alg: 'EdDSA' }), undefined);
  t.truthy(await setOf(key.jwk).find({ alg: 'EdDSA' }));
});

test('a key for another use is not found', async (t) => {
  t.is(await setOf({ ...key.jwk, use: 'enc' }).find(header), undefined);
  t.is(await setOf({ ...key.jwk, key_ops: ['sign'] }).find(header), undefined);
});

for (const [what, jwk] of [
  ['broken', { ...key.jwk, x: 'AAAA' }],
  ['private', { ...(await exportJWK(key.privateKey)), kid: 'k1', alg: 'EdDSA' }],
] as const) {
  test(`a ${what} key is the fault of the set, not of the token`, async (t) => {
    await t.throwsAsync(setOf(jwk).find(header), { instanceOf: KeySetError });
  });
}

test('an RSA key of 1024 bits is the fault of the set', async (t) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'r1', alg: 'RS256' };
  await t.throwsAsync(setOf(jwk).find({ alg: 'RS256', kid: 'r1' }), { message: /2048 bits/ });
});

for (const text of ['', 'hunter2', '{"keys":{}}', '{"keys":[5]}', '[]', 'null', '"hunter2"']) {
  test(`refuses ${JSON.stringify(text)} and does not quote it`, (t) => {
    const error = t.throws(() => parseKeySet(text), { instanceOf: KeySetError });
    t.false(inspect(error, { depth: 5 }).includes('hunter2'));
  });
}

test('accepts 100 keys and no more', (t) => {
  const many = Array.from({ length: 101 }, (_, index) => ({ ...key.jwk, kid: `k${index}` }));
  t.is(setOf(...many.slice(1)).size, 100);
  t.throws(() => setOf(...many), { instanceOf: KeySetError });
});
