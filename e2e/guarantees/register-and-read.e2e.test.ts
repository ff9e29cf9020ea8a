import { randomUUID } from 'node:crypto';
import { createClient, Problem } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import { ownPeople, readPeople, readRefused } from '../demo/people.ts';
import { runDemo } from '../demo/run.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'register-and-read');
test.after.always(() => actors[Symbol.asyncDispose]());

test('every vouched person is readable at their position, field by field', async (t) => {
  // Other tests register the people of the fixtures themselves.
  const people = ownPeople(readPeople(), `r${randomUUID().slice(0, 8)}`);
  const report = await runDemo({
    gatewayUrl: system.gatewayUrl,
    token: await system.token(['registrations:write', 'users:read']),
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

test('a person reads themself with a token of their own and nobody else', async (t) => {
  const client = createClient({ baseUrl: system.gatewayUrl, fetch });
  const join = async (email: string) => {
    const { id, position } = await actors.join(personAt(email));
    return { params: { id }, headers: { 'Min-Position': position, Prefer: 'wait=10' } };
  };
  const [me, other] = await Promise.all([join('self-1@example.org'), join('self-2@example.org')]);
  const token = await system.token([], me.params.id);
  t.is((await client.readUser(me, { token })).status, 200);
  t.is((await client.readUser(other, { token })).status, 403);
  t.is((await client.readUser({ params: me.params })).status, 401);
});

test('an attempt cannot be read as a person', async (t) => {
  const { id, position } = await actors.attempt(personAt('pending@example.org'));
  t.is(await actors.status(id, position), 'awaiting-proof');
  t.is((await actors.read(id, position)).status, 404);
  const token = await system.token([], id);
  const client = createClient({ baseUrl: system.gatewayUrl, fetch, token });
  t.is((await client.readUser({ params: { id } })).status, 404);
});
