import test from 'ava';
import type { FastifyRequest } from 'fastify';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { createHttpApp } from '../http/app.ts';

const logger = createSilentLogger();

function appThat(isOverloaded: (request: FastifyRequest) => boolean) {
  const app = createHttpApp({ logger, checks: {}, isOverloaded });
  for (const path of ['/v1/work', '/openapi.json', '/docs', '/docs/:file']) {
    app.get(path, async () => 'done');
  }
  return app;
}

test('an overloaded process refuses with a problem document and Retry-After', async (t) => {
  const app = appThat(() => true);
  t.teardown(() => app.close());
  for (const url of ['/v1/work', '/v1/unknown', '/openapi.json', '/docs', '/docs/a.js']) {
    const answer = await app.inject(url);
    t.is(answer.statusCode, 503);
    t.regex(String(answer.headers['content-type']), /^application\/problem\+json/);
    t.regex(String(answer.headers['retry-after']), /^[123]$/);
    t.like(answer.json(), { status: 503, code: 'overloaded' });
  }
});

test('health is answered under any load', async (t) => {
  const app = appThat(() => true);
  t.teardown(() => app.close());
  t.is((await app.inject('/livez')).statusCode, 200);
  t.is((await app.inject('/readyz')).statusCode, 200);
});

test('requests are served again as soon as the load is gone', async (t) => {
  let isOverloaded = true;
  const app = appThat(() => isOverloaded);
  t.teardown(() => app.close());
  t.is((await app.inject('/v1/work')).statusCode, 503);
  isOverloaded = false;
  t.is((await app.inject('/v1/work')).body, 'done');
});

test('a request is refused only for the load behind its own route', async (t) => {
  const app = appThat(({ routeOptions }) => routeOptions.url === '/docs/:file');
  t.teardown(() => app.close());
  t.is((await app.inject('/v1/work')).statusCode, 200);
  t.is((await app.inject('/docs/a.js')).statusCode, 503);
  t.is((await app.inject('/docs')).statusCode, 200);
});
