import test from 'ava';
import { createDigests } from './digests.ts';
import type { PepperRing } from './pepper-ring.ts';

const ringOf = (byte: number): PepperRing => ({
  current: '1',
  keys: new Map([['1', Buffer.alloc(32, byte)]]),
  layers: ['1'],
});
const digests = createDigests(ringOf(7));
const other = createDigests(ringOf(8));
const address = 'vera@example.org';
const uuidV8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('digests equal those that the log already holds', (t) => {
  // Computed by another program from RFC 2104 and RFC 5869. A change would lose every claim.
  t.is(digests.claimOf(address), '9YdPaNE4l3eRaaTMaruAcFhJBp7Ki6KKJDlCPVG089Y');
  const id = digests.registrationDigestOf('caller', 'key-1');
  t.is(String(id), 'da045d6a-3f81-889d-8c26-45b749ec91a3');
  t.is(digests.fingerprintOf(id, '{"a":1}'), 'UY-hPZ48gEE_fSYideeN5IhPuEAS6O2Rfd2OimnjLsg');
});

test('a claim is the same for the same address only', (t) => {
  t.is(digests.claimOf(address), createDigests(ringOf(7)).claimOf(address));
  const claims = [address, 'Vera@example.org', `${address} `, ''].map(digests.claimOf);
  t.is(new Set(claims).size, 4);
});

test('every digest depends on the pepper', (t) => {
  const id = digests.registrationDigestOf('caller', 'key');
  t.not(digests.claimOf(address), other.claimOf(address));
  t.not(id, other.registrationDigestOf('caller', 'key'));
  t.not(digests.fingerprintOf(id, '{}'), other.fingerprintOf(id, '{}'));
});

test('only the current pepper of the ring counts', (t) => {
  const both = new Map([
    ['1', Buffer.alloc(32, 7)],
    ['2', Buffer.alloc(32, 8)],
  ]);
  const claimUnder = (current: string) =>
    createDigests({ current, keys: both, layers: [current] }).claimOf(address);
  t.is(claimUnder('1'), digests.claimOf(address));
  t.is(claimUnder('2'), other.claimOf(address));
});

test('claims and fingerprints have 43 characters that are valid in subjects', (t) => {
  const id = digests.registrationDigestOf('caller', 'key');
  for (let index = 0; index < 200; index += 1) {
    t.regex(digests.claimOf(`p${index}@example.org`), /^[A-Za-z0-9_-]{43}$/);
    t.regex(digests.fingerprintOf(id, `${index}`), /^[A-Za-z0-9_-]{43}$/);
  }
});

test('a registration id is a UUID of version 8 for every input', (t) => {
  const ids = Array.from({ length: 500 }, (_, index) =>
    digests.registrationDigestOf('caller', `${index}`),
  );
  for (const id of ids) t.regex(id, uuidV8);
  t.is(new Set(ids).size, 500);
  t.regex(digests.registrationDigestOf('', ''), uuidV8);
});

type Pair = readonly [caller: string, idempotencyKey: string];

const pairs: readonly (readonly [string, Pair, Pair])[] = [
  ['a letter more of the caller', ['a', 'bc'], ['ab', 'c']],
  ['the caller and the key', ['a', 'b'], ['b', 'a']],
  ['an empty caller', ['', 'ab'], ['ab', '']],
  ['a line end in the caller', ['a\nb', 'c'], ['a', 'b\nc']],
  ['a length in the caller', ['1\na', 'b'], ['1', 'a\nb']],
  ['a letter of two bytes', ['é', 'a'], ['e', '\u0301a']],
];
for (const [what, one, two] of pairs) {
  test(`caller and key are not confused by ${what}`, (t) => {
    t.not(digests.registrationDigestOf(...one), digests.registrationDigestOf(...two));
  });
}

test('a fingerprint is salted by its registration', (t) => {
  const [one, two] = ['1', '2'].map((key) => digests.registrationDigestOf('caller', key));
  if (one === undefined || two === undefined) return t.fail();
  t.is(digests.fingerprintOf(one, '{"a":1}'), digests.fingerprintOf(one, '{"a":1}'));
  t.not(digests.fingerprintOf(one, '{"a":1}'), digests.fingerprintOf(two, '{"a":1}'));
  t.not(digests.fingerprintOf(one, '{"a":1}'), digests.fingerprintOf(one, '{"a":2}'));
});

test('the digests of one text differ from each other, so that none reveals another', (t) => {
  const { claimOf, actorOf, clientOf } = digests;
  const texts = [claimOf, actorOf, clientOf].map((digest) => digest(address));
  t.is(new Set(texts).size, 3);
  for (const text of texts) t.regex(text, /^[A-Za-z0-9_-]{43}$/);
});

test('callers and clients have a stable digest, which depends on the pepper', (t) => {
  for (const purpose of ['actorOf', 'clientOf'] as const) {
    t.is(digests[purpose](address), createDigests(ringOf(7))[purpose](address));
    t.not(digests[purpose](address), digests[purpose](`${address} `));
    t.not(digests[purpose](address), other[purpose](address));
  }
});

test('each purpose has its own key', (t) => {
  const id = digests.registrationDigestOf('caller', 'key');
  t.not(digests.claimOf(`${id}\n{}`), digests.fingerprintOf(id, '{}'));
  const asClaim = Buffer.from(digests.claimOf('6\ncaller\nkey'), 'base64url').toString('hex');
  t.not(asClaim.slice(0, 8), id.slice(0, 8));
});
