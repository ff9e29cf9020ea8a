import { createHttpApp, createLogger } from '@zameni/runtime';
import test, { type ExecutionContext } from 'ava';
import type { StaticFiles } from '../http/static-files.ts';
import { referenceRoutes } from './routes.ts';

const files: StaticFiles = new Map([
  [
    '/docs',
    { mediaType: 'text/html; charset=utf-8', body: Buffer.from('<p>'), etag: '"page"', gzip: null },
  ],
  ['/docs/a.css', { mediaType: 'text/css', body: Buffer.from('p{}'), etag: '"style"', gzip: null }],
]);

async function createTestApp(t: ExecutionContext) {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const app = createHttpApp({ logger, checks: {} });
  await app.register(referenceRoutes(files));
  t.teardown(() => app.close());
  return (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers });
}

test('serves a file with entity tag, age and a policy that names no other host', async (t) => {
  const get = await createTestApp(t);
  const response = await get('/docs?x=1');
  t.is(response.statusCode, 200);
  t.is(response.body, '<p>');
  t.like(response.headers, {
    'content-type': 'text/html; charset=utf-8',
    etag: '"page"',
    'cache-control': 'public, max-age=300',
    'x-content-type-options': 'nosniff',
  });
  t.notRegex(String(response.headers['content-security-policy']), /https?:|\*/);
});

test('answers 304 to a client that has the file', async (t) => {
  const get = await createTestApp(t);
  const response = await get('/docs/a.css', { 'if-none-match': '"style"' });
  t.is(response.statusCode, 304);
  t.is(response.body, '');
  t.is((await get('/docs/a.css', { 'if-none-match': '"page"' })).statusCode, 200);
});

test('serves no other file', async (t) => {
  const get = await createTestApp(t);
  for (const url of ['/docs/b.css', '/docs/', '/docs/..%2fpackage.json', '/openapi.json']) {
    const response = await get(url);
    t.is(response.statusCode, 404, url);
    t.is(response.json<{ code: string }>().code, 'not-found');
  }
});
