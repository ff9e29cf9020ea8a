import test from 'ava';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from './app.ts';
import { allowedMethods } from './method-not-allowed.ts';

const takes = test.macro<[string, string[]]>({
  title: (_title, path, methods) => `${path} takes ${methods.join(', ') || 'nothing'}`,
  exec: (t, path, methods) => t.deepEqual(allowedMethods(path), methods),
});

test(takes, '/v1/registrations', ['POST']);
test(takes, '/v1/registrations/7', ['GET', 'HEAD']);
test(takes, '/v1/registrations/', []);
test(takes, '/v1/users', []);
test(takes, '/v1/users/7', ['GET', 'HEAD', 'PATCH', 'DELETE']);
test(takes, '/v1/users/7/history', []);
test(takes, '/openapi.json', ['GET', 'HEAD']);
test(takes, '/openapi-json', []);
test(takes, '/docs', ['GET', 'HEAD']);
test(takes, '/docs/asyncapi.json', ['GET', 'HEAD']);
test(takes, '/verify', ['GET', 'HEAD']);
test(takes, '/verify/verify.js', ['GET', 'HEAD']);
test(takes, '/livez', ['GET', 'HEAD']);

const answers = test.macro<['DELETE' | 'GET' | 'POST', string, number, string | undefined]>({
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

test(answers, 'GET', '/v1/registrations', 405, 'POST');
test(answers, 'DELETE', '/v1/registrations/7?x=/y', 405, 'GET, HEAD');
test(answers, 'POST', '/livez', 405, 'GET, HEAD');
test(answers, 'POST', '/v1/nothing', 404, undefined);
test(answers, 'GET', '/', 404, undefined);
