import { parseUserId, type UserId } from '@zameni/contracts';
import test from 'ava';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { KeyRing } from './secrets.ts';
import { createVerificationTokens, type Proof } from './verification-tokens.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte);
const ringOf = (current: string, ...bytes: readonly number[]): KeyRing => ({
  current,
  keys: new Map(bytes.map((byte) => [`${byte}`, keyOf(byte)])),
});
const START_SECONDS = 1_767_225_600;
const LIFETIME_SECONDS = 600;
const proof: Proof = {
  userId: toUserId('01980000-0000-7000-8000-000000000001'),
  claim: 'k'.repeat(43),
  attempt: '01980000-0000-7000-8000-000000000002',
};

function toUserId(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** Tokens of a ring, and the clock by which they live. */
function createTokens(ring = ringOf('1', 1)) {
  const clock = { seconds: START_SECONDS };
  const now = () => new Date(clock.seconds * 1_000);
  return { clock, ...createVerificationTokens(ring, { lifetimeSeconds: LIFETIME_SECONDS, now }) };
}

test('a token opens to what it was made of', async (t) => {
  const { issue, open } = createTokens();
  t.deepEqual(await open(await issue(proof)), proof);
});

test('a token fits where one is sent, and holds no address', async (t) => {
  const token = await createTokens().issue(proof);
  t.true(token.length <= 1_024);
  const claims: unknown = JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  );
  t.deepEqual(claims, {
    sub: String(proof.userId),
    aud: 'zameni:email-verifications',
    iat: START_SECONDS,
    exp: START_SECONDS + LIFETIME_SECONDS,
    claim: proof.claim,
    attempt: proof.attempt,
  });
});

test('a token lives as long as said', async (t) => {
  const { clock, issue, open } = createTokens();
  const token = await issue(proof);
  clock.seconds += LIFETIME_SECONDS - 1;
  t.deepEqual(await open(token), proof);
  clock.seconds += 1;
  t.is(await open(token), undefined);
});

test('while keys rotate, links under the old key still open and new ones are under the new', async (t) => {
  const old = await createTokens(ringOf('1', 1)).issue(proof);
  const both = createTokens(ringOf('2', 1, 2));
  t.deepEqual(await both.open(old), proof);
  const fresh = await both.issue(proof);
  t.is(await createTokens(ringOf('1', 1)).open(fresh), undefined);
  t.is(await createTokens(ringOf('2', 2)).open(old), undefined);
  t.deepEqual(await createTokens(ringOf('2', 2)).open(fresh), proof);
});

type Forged = {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: JWTPayload;
  readonly key?: Buffer;
};

async function forge({ header, claims, key = keyOf(1) }: Forged): Promise<string> {
  const payload = {
    sub: proof.userId,
    aud: 'zameni:email-verifications',
    iat: START_SECONDS,
    exp: START_SECONDS + LIFETIME_SECONDS,
    claim: proof.claim,
    attempt: proof.attempt,
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'zameni-verification+jwt', kid: '1', ...header })
    .sign(key);
}

test('a token made by hand with all the same parts opens', async (t) => {
  t.deepEqual(await createTokens().open(await forge({})), proof);
});

const refuses = test.macro<[Forged]>({
  title: (title = '') => `refuses a token ${title}`,
  exec: async (t, forged) => {
    t.is(await createTokens().open(await forge(forged)), undefined);
  },
});
test('of another key under the same id', refuses, { key: keyOf(2) });
test('of a key that is not in the ring', refuses, { header: { kid: '2' } });
test('with an id every object has', refuses, { header: { kid: '__proto__' } });
test('of another algorithm of the family', refuses, {
  header: { alg: 'HS384' },
  key: Buffer.alloc(48, 1),
});
test('of another type', refuses, { header: { typ: 'at+jwt' } });
test('for another audience', refuses, { claims: { aud: 'zameni' } });
test('that names no person', refuses, { claims: { sub: 'vera' } });
test('whose claim is no text', refuses, { claims: { claim: 7 } });
test('whose attempt is no text', refuses, { claims: { attempt: ['a'] } });

for (const name of ['sub', 'aud', 'exp', 'claim', 'attempt']) {
  test(`refuses a token without ${name}`, async (t) => {
    t.is(await createTokens().open(await forge({ claims: { [name]: undefined } })), undefined);
  });
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = part({ alg: 'none', typ: 'zameni-verification+jwt', kid: '1' });

test('refuses what is no token, without a throw', async (t) => {
  const { issue, open } = createTokens();
  const token = await issue(proof);
  const [header = '', claims = '', signature = ''] = token.split('.');
  const texts = [
    '',
    '.',
    '..',
    'token',
    '\u0000',
    header,
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `${unsigned}.${claims}.`,
    `${unsigned}.${claims}.${signature}`,
    `${header}.${part('text')}.${signature}`,
    `${part(null)}.${claims}.${signature}`,
    `${part({ alg: 'HS256', kid: 1, typ: 7 })}.${claims}.${signature}`,
    `${part({ alg: 'HS256', kid: '1', crit: ['b64'], b64: false })}.${claims}.${signature}`,
    `${token}.`,
    ` ${token}`,
    `${header}.${claims}.${signature.slice(0, -1)}`,
    `${header}.${claims}.${signature.slice(0, -2)}AA`,
    `${header}.${part({ ...proof, sub: proof.userId })}.${signature}`,
  ];
  for (const text of texts) t.is(await open(text), undefined, text);
});
