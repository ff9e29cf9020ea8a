import test from 'ava';
import { signToken, type TokenParts } from '../support/sign-token.ts';
import { attachSystem } from '../support/system.ts';

const { stack, gatewayUrl } = await attachSystem();
const now = Math.floor(Date.now() / 1_000);
const scope = 'users:read';

/** Reads nobody: 404 with a token that is taken, 401 otherwise. The route needs `users:read`. */
async function statusOf(authorization: string): Promise<number> {
  const url = `${gatewayUrl}/v1/users/00000000-0000-4000-8000-000000000000`;
  const answer = await fetch(url, { headers: { authorization } });
  await answer.text();
  return answer.status;
}

const answers = test.macro({
  title: (what) => `a token ${what}`,
  exec: async (t, status: number, { claims = {}, header = {} }: TokenParts) => {
    const token = await signToken(stack, { claims: { scope, ...claims }, header });
    t.is(await statusOf(`Bearer ${token}`), status);
  },
});

test('that is good is taken', answers, 404, {});
test('of another type is refused', answers, 401, { header: { typ: 'JWT' } });
test('without a type is refused', answers, 401, { header: { typ: undefined } });
test('without time of issue is refused', answers, 401, { claims: { iat: undefined } });
test('that lives a day is taken', answers, 404, { claims: { iat: now, exp: now + 86_400 } });
test('that lives two days is refused', answers, 401, { claims: { iat: now, exp: now + 172_800 } });
test('that lives for ever is refused', answers, 401, { claims: { exp: 1e300 } });
test('that ended ten seconds ago is taken', answers, 404, {
  claims: { iat: now - 600, exp: now - 10 },
});
test('that ended a minute ago is refused', answers, 401, {
  claims: { iat: now - 600, exp: now - 60 },
});
test('whose header brings a key is judged by the issuer’s', answers, 404, {
  header: { jku: 'http://127.0.0.1:1/jwks.json', jwk: { kty: 'OKP' }, x5u: 'http://127.0.0.1:1/' },
});
test('whose header names another key is refused', answers, 401, { header: { kid: 'other' } });
test('whose header asks for an extension is refused', answers, 401, {
  header: { crit: ['x'], x: 1 },
});
test('whose scope is a number is refused', answers, 401, { claims: { scope: 5 } });
