import { createHmac } from 'node:crypto';
import { MAX_PUBLIC_BODY_BYTES, type Problem, type UserId } from '@zameni/contracts';
import test from 'ava';
import { type Api, as, createApi, operator } from '../testing/api.fixture.ts';

const LIFETIME_SECONDS = 600;
const url = '/v1/email-verifications';

/** Builds a token like that of an attempt, with other parts. */
function forge(
  { rings, positions, claimOf }: Api,
  id: UserId,
  parts: {
    header?: object;
    claims?: object;
    secret?: Buffer;
    hash?: string;
    signature?: string;
  } = {},
): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const header = { alg: 'HS256', typ: 'zameni-verification+jwt', kid: '1', ...parts.header };
  const claims = {
    sub: id,
    aud: 'zameni:email-verifications',
    iat: nowSeconds,
    exp: nowSeconds + LIFETIME_SECONDS,
    kind: 'attempt',
    claim: claimOf('vera@example.org'),
    at: positions.seal(1),
    ...parts.claims,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  const secret = parts.secret ?? rings.verificationRing.keys.get('1') ?? Buffer.alloc(0);
  const signature = createHmac(parts.hash ?? 'sha256', secret)
    .update(signed)
    .digest('base64url');
  return `${signed}.${parts.signature ?? signature}`;
}

test('a forged token is valid if no part differs, so the next tests test the difference', async (t) => {
  const api = createApi(t);
  t.is((await api.verify(forge(api, await api.attempt()))).statusCode, 202);
});

const refuses = test.macro<[Parameters<typeof forge>[2] | string]>({
  title: (title = '') => `refuses ${title}`,
  exec: async (t, parts) => {
    const api = createApi(t);
    const id = await api.attempt();
    const head = await api.head();
    const token = typeof parts === 'string' ? parts : forge(api, id, parts);
    for (const said of [{}, { notMine: true }]) {
      const response = await api.verify(token, said);
      t.is(response.statusCode, 422);
      t.is(response.json<Problem>().code, 'invalid-verification-token');
      t.false(response.body.includes(token));
    }
    t.is(await api.head(), head);
  },
});
const past = { iat: 1_700_000_000, exp: 1_700_000_001 };
test('a text that is no token', refuses, 'no-token-of-anybody');
test('three empty parts', refuses, '..');
test('a token that has expired', refuses, { claims: past });
test('a token of another key', refuses, { secret: Buffer.alloc(32, 1) });
test('a token of an unknown key', refuses, { header: { kid: '2' } });
test('a token without a key id', refuses, { header: { kid: undefined } });
test('a token that is not signed', refuses, { header: { alg: 'none' }, signature: '' });
test('a token of another algorithm', refuses, { header: { alg: 'HS512' }, hash: 'sha512' });
test('a token of another type', refuses, { header: { typ: 'at+jwt' } });
test('a token for another audience', refuses, { claims: { aud: 'zameni' } });
test('a token without an end', refuses, { claims: { exp: undefined } });
test('a token whose subject is not a user id', refuses, { claims: { sub: 'vera@example.org' } });
test('a token that names no record', refuses, { claims: { at: undefined } });
test('a token that names a position in clear', refuses, { claims: { at: '1' } });
test('a token of an unknown kind', refuses, { claims: { kind: 'claim' } });
test('a token of an attempt as one of an account', refuses, {
  claims: { kind: 'account', request: 'registration' },
});

test('a token of an attempt contains its position sealed', async (t) => {
  const { attempt, attemptToken, positions } = createApi(t);
  const [, payload = ''] = (await attemptToken(await attempt())).split('.');
  const claims: { readonly at: string } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  t.is(positions.open(claims.at), 1);
  t.not(claims.at, '1');
});

const faulty = test.macro<[unknown, string, string]>({
  title: (title = '') => `names the pointer of ${title}`,
  exec: async (t, body, pointer, code) => {
    const { send, head } = createApi(t);
    const response = await send({ url, body });
    t.is(response.statusCode, 422);
    t.like(response.json<Problem>(), { code: 'invalid-request', errors: [{ pointer, code }] });
    t.is(await head(), 0);
  },
});
const token = 'any';
test('a token that is missing', faulty, {}, '/token', 'required');
test('a long token', faulty, { token: 'x'.repeat(1_025) }, '/token', 'too-long');
test('an unknown field', faulty, { token, email: 'a@example.org' }, '/email', 'unknown-field');
test('a name of white space', faulty, { token, displayName: ' ' }, '/displayName', 'too-short');
test(
  'an invisible name',
  faulty,
  { token, displayName: '\u202ex' },
  '/displayName',
  'invisible-character',
);
test('a locale that BCP 47 does not know', faulty, { token, locale: 'en-a' }, '/locale', 'format');
test(
  'a profile value that is an object',
  faulty,
  { token, profile: { a: {} } },
  '/profile/a',
  'type',
);
test('terms in prose', faulty, { token, termsVersion: 'the new ones' }, '/termsVersion', 'format');

test('a body has at most 4 KiB, from every caller', async (t) => {
  const { attempt, attemptToken, send } = createApi(t);
  const text = JSON.stringify({ token: await attemptToken(await attempt()) });
  const fitting = `${text}${' '.repeat(MAX_PUBLIC_BODY_BYTES - text.length)}`;
  for (const headers of [{}, as('app'), operator]) {
    const refused = await send({ url, body: `${fitting} `, headers });
    t.is(refused.statusCode, 413);
    t.is(refused.json<Problem>().code, 'payload-too-large');
    t.is((await send({ url, body: fitting, headers })).statusCode, 202);
  }
});
