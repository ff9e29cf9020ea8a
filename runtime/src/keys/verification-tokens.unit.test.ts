import { parseUserId, type UserId } from '@zameni/contracts';
import test from 'ava';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { createPositions } from './positions.ts';
import type { KeyRing } from './key-ring.ts';
import { createVerificationTokens, type Proof } from './verification-tokens.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte);
const ringOf = (current: string, ...bytes: readonly number[]): KeyRing => ({
  current,
  keys: new Map(bytes.map((byte) => [`${byte}`, keyOf(byte)])),
});
const START_SECONDS = 1_767_225_600;
const LIFETIME_SECONDS = 600;
const EXPIRES = new Date((START_SECONDS + LIFETIME_SECONDS) * 1_000);
const ID = toUserId('01980000-0000-7000-8000-000000000001');
const claim = 'k'.repeat(43);
const positions = createPositions(ringOf('9', 9));

const ofAttempt = { kind: 'attempt', id: ID, claim, position: 4_711 } as const;
const ofAccount = {
  kind: 'account',
  id: ID,
  claim,
  request: '01980000-0000-7000-8000-000000000002',
} as const;
const naming = {
  ...ofAccount,
  attempt: { id: toUserId('01980000-0000-7000-8000-000000000003'), position: 4_712 },
};
const proofs = { attempt: ofAttempt, account: ofAccount, 'account that names an attempt': naming };

function toUserId(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** Creates tokens of a ring, with the clock that they use. */
function createTokens(ring = ringOf('1', 1)) {
  const clock = { seconds: START_SECONDS };
  const now = () => new Date(clock.seconds * 1_000);
  const { issue, open } = createVerificationTokens(ring, { positions, now });
  return { clock, open, issue: (proof: Proof, expiresAt = EXPIRES) => issue(proof, expiresAt) };
}

/** Reads the part of a token that is readable without a key. */
const claimsOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

for (const [kind, proof] of Object.entries(proofs)) {
  test(`a token of an ${kind} opens to its content`, async (t) => {
    const { issue, open } = createTokens();
    const token = await issue(proof);
    t.deepEqual<Proof | undefined, Proof>(await open(token), proof);
    t.true(token.length <= 1_024);
  });
}

test('a token holds no address, and only sealed positions', async (t) => {
  const { issue } = createTokens();
  const common = {
    sub: String(ID),
    aud: 'zameni:email-verifications',
    iat: START_SECONDS,
    exp: START_SECONDS + LIFETIME_SECONDS,
    claim,
  };
  t.deepEqual(claimsOf(await issue(ofAttempt)), {
    ...common,
    kind: 'attempt',
    at: positions.seal(4_711),
  });
  t.deepEqual(claimsOf(await issue(naming)), {
    ...common,
    kind: 'account',
    request: ofAccount.request,
    attempt: { id: '01980000-0000-7000-8000-000000000003', at: positions.seal(4_712) },
  });
});

test('a token is valid exactly as long as configured', async (t) => {
  const { clock, issue, open } = createTokens();
  const token = await issue(ofAttempt);
  const half = await issue(ofAttempt, new Date(EXPIRES.getTime() + 1));
  clock.seconds += LIFETIME_SECONDS - 1;
  t.deepEqual(await open(token), ofAttempt);
  clock.seconds += 1;
  t.is(await open(token), undefined);
  // At least as long as the attempt. The record's own instant decides to the millisecond.
  t.deepEqual(await open(half), ofAttempt);
  clock.seconds += 1;
  t.is(await open(half), undefined);
});

test('after a rotation links under the old key open and new links use the new key', async (t) => {
  const old = await createTokens(ringOf('1', 1)).issue(ofAttempt);
  const both = createTokens(ringOf('2', 1, 2));
  t.deepEqual(await both.open(old), ofAttempt);
  const fresh = await both.issue(ofAttempt);
  t.is(await createTokens(ringOf('1', 1)).open(fresh), undefined);
  t.is(await createTokens(ringOf('2', 2)).open(old), undefined);
  t.deepEqual(await createTokens(ringOf('2', 2)).open(fresh), ofAttempt);
});

type Forged = {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: JWTPayload;
  readonly key?: Buffer;
};

async function forge({ header, claims, key = keyOf(1) }: Forged): Promise<string> {
  const payload = {
    sub: ID,
    aud: 'zameni:email-verifications',
    iat: START_SECONDS,
    exp: START_SECONDS + LIFETIME_SECONDS,
    kind: 'attempt',
    claim,
    at: positions.seal(4_711),
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', typ: 'zameni-verification+jwt', kid: '1', ...header })
    .sign(key);
}

test('a handmade token with all the same parts opens', async (t) => {
  t.deepEqual(await createTokens().open(await forge({})), ofAttempt);
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
test('whose subject is not a user id', refuses, { claims: { sub: 'vera' } });
test('whose claim is not a text', refuses, { claims: { claim: 7 } });
test('whose position is not a text', refuses, { claims: { at: 4_711 } });
test('whose position is in clear', refuses, { claims: { at: '4711' } });
test('whose position another key sealed', refuses, {
  claims: { at: createPositions(ringOf('8', 8)).seal(4_711) },
});
test('of an unknown kind', refuses, { claims: { kind: 'claim' } });
test('of an attempt as that of an account', refuses, { claims: { kind: 'account' } });

const account = { kind: 'account', at: undefined, request: ofAccount.request };
test('an account’s handmade token with all the same parts opens', async (t) => {
  t.deepEqual(await createTokens().open(await forge({ claims: account })), ofAccount);
});
const named = (attempt: unknown): Forged => ({ claims: { ...account, attempt } });
test('that names an attempt as a text', refuses, named('a'));
test(
  'that names an attempt with an invalid id',
  refuses,
  named({ id: 'vera', at: positions.seal(1) }),
);
test('that names an attempt without its position', refuses, named({ id: ID }));
test('that names an attempt with a position in clear', refuses, named({ id: ID, at: '1' }));

for (const name of ['sub', 'aud', 'exp', 'kind', 'claim', 'at']) {
  test(`refuses a token without ${name}`, async (t) => {
    t.is(await createTokens().open(await forge({ claims: { [name]: undefined } })), undefined);
  });
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = part({ alg: 'none', typ: 'zameni-verification+jwt', kid: '1' });

test('refuses a text that is not a token, without throwing', async (t) => {
  const { issue, open } = createTokens();
  const token = await issue(ofAttempt);
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
    `${header}.${part({ ...ofAttempt, sub: ID })}.${signature}`,
  ];
  for (const text of texts) t.is(await open(text), undefined, text);
});
