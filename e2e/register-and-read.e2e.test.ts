import { createClient, Problem } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import { runDemo } from './demo.ts';
import { readPeople, readRefused } from './people.ts';
import { attachSystem } from './system.ts';

const system = await attachSystem();

test('every accepted person is readable at her position, field by field', async (t) => {
  const people = readPeople();
  const report = await runDemo({
    gatewayUrl: system.gatewayUrl,
    token: await system.token(['users:read']),
    people,
    concurrency: 32,
  });
  t.deepEqual(report.faults, []);
  t.is(report.accepted, 1_000);
  t.is(report.readBack, 1_000);
});

for (const refused of readRefused()) {
  test(`refuses ${refused.reason}`, async (t) => {
    const response = await fetch(`${system.gatewayUrl}/v1/registrations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: refused.raw ?? JSON.stringify(refused.body),
    });
    t.is(response.status, refused.status);
    t.regex(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const problem = (await response.json()) as Problem;
    t.is(createValidator(Problem)(problem), undefined);
    t.regex(problem.traceId ?? '', /^[0-9a-f]{32}$/);
    if (refused.status === 400) return void t.is(refused.code, problem.code);
    t.is(problem.code, 'invalid-request');
    t.deepEqual(problem.errors as unknown, [{ pointer: refused.pointer, code: refused.code }]);
  });
}

test('a person reads herself with a token of her own and nobody else', async (t) => {
  const client = createClient({ baseUrl: system.gatewayUrl, fetch });
  const register = async (email: string) => {
    const body = { email, displayName: 'Mira Self', locale: 'en', termsVersion: '2026-01' };
    const answer = await client.registerPerson({ body });
    if (answer.status !== 202) throw new Error(`answered ${answer.status}`);
    const headers = { 'Min-Position': answer.headers.Position, Prefer: 'wait=10' };
    return { params: { id: answer.body.registrationId }, headers };
  };
  const [me, her] = await Promise.all([
    register('self-1@example.org'),
    register('self-2@example.org'),
  ]);
  const token = await system.token([], me.params.id);
  t.is((await client.readUser(me, { token })).status, 200);
  t.is((await client.readUser(her, { token })).status, 403);
  t.is((await client.readUser({ params: me.params })).status, 401);
});
