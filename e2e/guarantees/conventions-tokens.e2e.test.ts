import { randomUUID } from 'node:crypto';
import { OPERATIONS, type Problem } from '@zameni/contracts';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { signToken } from '../support/sign-token.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack, gatewayUrl } = system;
const actors = await createActors(system, 'conventions-tokens');
test.after.always(() => actors[Symbol.asyncDispose]());

async function send(
  path: string,
  token: string | undefined,
  { method = 'GET', body }: { readonly method?: string; readonly body?: string } = {},
) {
  const answer = await fetch(`${gatewayUrl}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  const problem = answer.status < 400 ? undefined : (JSON.parse(text) satisfies Problem);
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate'),
    detail: problem?.detail,
  };
}

const register = async () => {
  const { id, position } = await actors.register(
    personAt(`${randomUUID()}@conventions.example.org`),
  );
  await actors.read(id, position);
  return id;
};

for (const claims of [
  { scope: 'users:read stats:read' },
  { scope: ['users:read'] },
  { scp: 'users:read' },
  { scp: ['stats:read', 'users:read'] },
]) {
  test(`a token with ${JSON.stringify(claims)} reads a person`, async (t) => {
    const token = await signToken(stack, { claims });
    t.is((await send(`/v1/users/${await register()}`, token)).status, 200);
  });
}

const ID = '00000000-0000-4000-8000-000000000000';
const NEEDED_SCOPES = [
  ['GET', `/v1/users/${ID}`, 'users:read'],
  ['GET', `/v1/users/${ID}/erasure`, 'users:erase'],
  ['GET', `/v1/users/${ID}/messages`, 'ops:read'],
  ['GET', '/v1/projections', 'ops:read'],
  ['GET', '/v1/stats/registrations', 'stats:read'],
  ['PATCH', `/v1/users/${ID}`, 'users:write'],
  ['POST', `/v1/users/${ID}/email-changes`, 'users:write'],
  ['POST', `/v1/users/${ID}/deactivations`, 'users:admin'],
  ['POST', `/v1/users/${ID}/reactivations`, 'users:admin'],
  ['DELETE', `/v1/users/${ID}`, 'users:erase'],
  ['POST', '/v1/imports', 'users:import'],
] as const;

test('the list of operations that need a token is complete', (t) => {
  const needed = Object.values(OPERATIONS)
    .filter(({ token }) => token === 'needed')
    .map(({ method, path }) => `${method.toUpperCase()} ${path.replace('{id}', ID)}`);
  const tried = NEEDED_SCOPES.map(([method, path]) => `${method} ${path}`);
  t.deepEqual(tried.toSorted(), needed.toSorted());
});

for (const [method, path, scope] of NEEDED_SCOPES) {
  test(`${method} ${path} says what is wrong with the token before all else`, async (t) => {
    const sent = { method, ...(method === 'GET' ? {} : { body: '{"displayName":5}' }) };
    t.like(await send(path, undefined, sent), { status: 401, challenge: 'Bearer' });
    t.like(await send(path, 'nonsense', sent), {
      status: 401,
      challenge: 'Bearer error="invalid_token"',
    });
    t.like(await send(path, await signToken(stack), sent), {
      status: 403,
      challenge: `Bearer error="insufficient_scope", scope="${scope}"`,
      detail: `The token lacks the scope ${scope}`,
    });
  });
}

test('a person’s own token works with their id in either case', async (t) => {
  const id = await register();
  for (const sub of [id, id.toUpperCase()]) {
    const own = await signToken(stack, { claims: { sub } });
    for (const path of [`/v1/users/${id}`, `/v1/users/${id.toUpperCase()}`]) {
      t.is((await send(path, own)).status, 200);
      const change = { method: 'PATCH', body: '{"displayName":"Vera"}' };
      t.is((await send(path, own, change)).status, 202);
    }
  }
});
