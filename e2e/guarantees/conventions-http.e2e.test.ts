import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { Problem } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'conventions-http');
const token = await system.token(['users:write', 'users:admin', 'users:erase', 'users:read']);
const bearer = { authorization: `Bearer ${token}` };

test.after.always(() => actors[Symbol.asyncDispose]());

async function registerPerson(): Promise<string> {
  const body = personAt(`conventions.${randomUUID()}@example.org`);
  const answer = await actors.operator.registerPerson({ body });
  if (answer.status !== 201) throw new Error(`status ${answer.status}`);
  return answer.body.userId;
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${system.gatewayUrl}${path}`, { ...init, signal: AbortSignal.timeout(20_000) });
}

test('a DELETE without a body may name a media type', async (t) => {
  for (const type of ['application/json', 'application/json; charset=utf-8', 'text/plain']) {
    const headers = { ...bearer, 'content-type': type };
    const path = `/v1/users/${await registerPerson()}`;
    t.is((await ask(path, { method: 'DELETE', headers })).status, 202, type);
  }
});

test('a PATCH takes a merge patch, and a refused type is answered with those that are taken', async (t) => {
  const path = `/v1/users/${await registerPerson()}`;
  const patch = (type: string) =>
    ask(path, { method: 'PATCH', headers: { ...bearer, 'content-type': type }, body: '{}' });
  t.is((await patch('application/merge-patch+json')).status, 202);
  t.is((await patch('application/json')).status, 202);
  const refused = await patch('application/json-patch+json');
  t.is(refused.status, 415);
  const taken = 'application/merge-patch+json, application/json';
  t.is(refused.headers.get('accept-patch'), taken);
  const headers = { 'content-type': 'text/plain' };
  const post = await ask('/v1/registrations', { method: 'POST', headers, body: 'x' });
  t.deepEqual([post.status, post.headers.get('accept')], [415, 'application/json']);
});

test('OPTIONS says what a path takes, and allows no other origin', async (t) => {
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'PATCH' };
  const answer = await ask('/v1/users/7', { method: 'OPTIONS', headers });
  t.is(answer.status, 204);
  t.is(answer.headers.get('allow'), 'GET, HEAD, PATCH, DELETE, OPTIONS');
  t.is(answer.headers.get('access-control-allow-origin'), null);
});

test('the root is a small page that names the reference', async (t) => {
  const page = await ask('/');
  t.is(page.status, 200);
  t.regex(page.headers.get('content-type') ?? '', /^text\/html/);
  t.regex(await page.text(), /href="\/docs"/);
});

test('documents and scripts are compressed and cached', async (t) => {
  for (const path of ['/openapi.json', '/docs/swagger-ui-bundle.js', '/verify/verify.js']) {
    const { headers } = await headOf(path, { 'accept-encoding': 'gzip' });
    t.is(headers['content-encoding'], 'gzip', path);
    t.regex(String(headers['cache-control']), /^public, max-age=\d+$/);
    const etag = String(headers.etag);
    const again = await headOf(path, { 'accept-encoding': 'gzip', 'if-none-match': etag });
    t.is(again.statusCode, 304, path);
    t.is((await headOf(path)).headers['content-encoding'], undefined);
  }
});

test('an answer of the gateway itself is a problem document with a trace id', async (t) => {
  for (const path of ['/nothing', '/metrics', '/v2/users/7', '/docs/nothing.css']) {
    const answer = await ask(path);
    t.is(answer.status, 404, path);
    const problem: unknown = await answer.json();
    t.is(createValidator(Problem)(problem), undefined);
    t.regex(String(Reflect.get(Object(problem), 'traceId')), /^[0-9a-f]{32}$/);
    t.is(answer.headers.get('cache-control'), 'no-store');
  }
});

/** The head of an answer, as it was sent. `fetch` would decompress, and ask past the cache. */
async function headOf(path: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    readonly statusCode?: number | undefined;
    readonly headers: NodeJS.Dict<string | string[]>;
  }>();
  const sent = request(`${system.gatewayUrl}${path}`, { headers, agent: false }, (answer) => {
    answer.resume();
    resolve(answer);
  });
  sent.setTimeout(20_000, () => sent.destroy());
  sent.once('error', reject);
  sent.end();
  return promise;
}
