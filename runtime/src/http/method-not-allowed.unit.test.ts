import test from 'ava';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from './app.ts';
import { allowedMethods } from './method-not-allowed.ts';

const takes = test.macro<[string, string[]]>({
  title: (_title, path, methods) => `${path} takes ${methods.join(', ') || 'nothing'}`,
  exec: (t, path, methods) => t.deepEqual(allowedMethods(path), methods),
});

test(takes, '/v1/registrations', ['POST', 'OPTIONS']);
test(takes, '/v1/registrations/7', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/v1/registrations/', []);
test(takes, '/v1/users', []);
test(takes, '/v1/users/7', ['GET', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS']);
test(takes, '/v1/users/7/history', []);
test(takes, '/openapi.json', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/openapi-json', []);
test(takes, '/docs', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/docs/asyncapi.json', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/verify', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/verify/verify.js', ['GET', 'HEAD', 'OPTIONS']);
test(takes, '/livez', ['GET', 'HEAD', 'OPTIONS']);

const answers = test.macro<
  ['DELETE' | 'GET' | 'OPTIONS' | 'POST' | 'PUT', string, number, string | undefined]
>({
  title: (_title, method, path, status) => `${method} ${path} is answered ${status}`,
  exec: async (t, method, url, status, allow) => {
    const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
    const app = createHttpApp({ logger, checks: {} });
    t.teardown(() => app.close());
    // No parser accepts this body, but the route is refused first.
    const headers = method === 'POST' ? { 'content-type': 'text/plain' } : {};
    const response = await app.inject({ method, url, headers, payload: 'x' });
    t.is(response.statusCode, status);
    t.is(response.headers.allow, allow);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/);
    t.is(response.json<{ status: number }>().status, status);
  },
});

test(answers, 'GET', '/v1/registrations', 405, 'POST, OPTIONS');
test(answers, 'DELETE', '/v1/registrations/7?x=/y', 405, 'GET, HEAD, OPTIONS');
test(answers, 'POST', '/livez', 405, 'GET, HEAD, OPTIONS');
test(answers, 'POST', '/v1/nothing', 404, undefined);
test(answers, 'PUT', '/v1/users/7', 405, 'GET, HEAD, PATCH, DELETE, OPTIONS');
test(answers, 'OPTIONS', '/v1/nothing', 404, undefined);

test('OPTIONS is answered with what a path takes, in every service and without a token', async (t) => {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const app = createHttpApp({ logger, checks: {} });
  t.teardown(() => app.close());
  for (const [url, allow] of [
    ['/v1/registrations', 'POST, OPTIONS'],
    ['/v1/users/7?x=1', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['/v1/imports', 'POST, OPTIONS'],
    ['/docs', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const response = await app.inject({ method: 'OPTIONS', url });
    t.is(response.statusCode, 204, url);
    t.is(response.headers.allow, allow, url);
    t.is(response.body, '');
  }
});
