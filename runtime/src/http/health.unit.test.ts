import test from 'ava';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from './app.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const there = async () => 'pong';
const away = async () => Promise.reject(new Error('away'));
const hangs = () => new Promise<never>(() => undefined);

test('a process is ready while its dependencies answer', async (t) => {
  const app = createHttpApp({ logger, checks: { log: there } });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), { ready: true, missing: [], degraded: [] });
});

test('a dependency that fails or hangs is named, and the process is not ready', async (t) => {
  const app = createHttpApp({ logger, checks: { log: hangs, store: away, cache: there } });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.deepEqual(response.json(), { ready: false, missing: ['log', 'store'], degraded: [] });
});

test('a degraded dependency is named, and the process stays ready', async (t) => {
  const app = createHttpApp({ logger, checks: { log: there }, degradedChecks: { redis: hangs } });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), { ready: true, missing: [], degraded: ['redis'] });
});

test('a process is alive whatever is missing', async (t) => {
  const app = createHttpApp({ logger, checks: { log: away } });
  t.is((await app.inject('/livez')).statusCode, 200);
});

test('a process that is to be stopped is not ready, and answers', async (t) => {
  const leaving = new AbortController();
  const app = createHttpApp({ logger, checks: { log: hangs }, leaving: leaving.signal });
  app.get('/v1/things', async () => ({ ok: true }));
  leaving.abort();
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.deepEqual(response.json(), { ready: false, leaving: true, missing: [], degraded: [] });
  t.is((await app.inject('/v1/things')).statusCode, 200);
});
