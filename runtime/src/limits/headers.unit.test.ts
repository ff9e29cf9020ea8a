import test, { type ExecutionContext } from 'ava';
import { createHttpApp } from '../http/app.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { limitRequest, rateLimitHeaders, type Take } from './headers.ts';
import { createRateLimits } from './rate-limits.ts';

const logger = createSilentLogger();

function createApp(t: ExecutionContext, takes: readonly Take<'client' | 'reads' | 'off'>[]) {
  const limits = createRateLimits({
    policies: {
      client: { quota: 2, windowSeconds: 60 },
      reads: { quota: 1, windowSeconds: 3_600 },
      off: 'off',
    },
    logger,
    now: () => 1_000,
  });
  const app = createHttpApp({ logger, checks: {} });
  app.get('/', async (_request, reply) => {
    await limitRequest(reply, limits, takes);
    return { ok: true };
  });
  t.teardown(() => app.close());
  return app;
}

test('writes both headers as lists of structured fields', (t) => {
  const state = { isAllowed: true, quota: 100, windowSeconds: 60, remaining: 12, resetSeconds: 30 };
  t.deepEqual(
    rateLimitHeaders([
      { ...state, policy: 'client' },
      { ...state, policy: 'reads', remaining: 0 },
    ]),
    {
      'RateLimit-Policy': '"client";q=100;w=60, "reads";q=100;w=60',
      RateLimit: '"client";r=12;t=30, "reads";r=0;t=30',
    },
  );
  t.deepEqual(rateLimitHeaders([]), {});
});

test('an answer reports what remains', async (t) => {
  const app = createApp(t, [{ policy: 'client', key: 'k' }]);
  const answer = await app.inject('/');
  t.is(answer.statusCode, 200);
  t.is(answer.headers['ratelimit-policy'], '"client";q=2;w=60');
  t.is(answer.headers['ratelimit'], '"client";r=1;t=60');
});

test('a request beyond the limit is 429 with Retry-After', async (t) => {
  const app = createApp(t, [{ policy: 'client', key: 'k' }]);
  for (let i = 0; i < 2; i += 1) await app.inject('/');
  const answer = await app.inject('/');
  t.is(answer.statusCode, 429);
  t.is(answer.json<{ code: string }>().code, 'rate-limited');
  t.is(answer.headers['retry-after'], '60');
  t.is(answer.headers['ratelimit'], '"client";r=0;t=60');
});

test('a refused client does not count under later policies', async (t) => {
  const counted: string[] = [];
  const app = createHttpApp({ logger, checks: {} });
  t.teardown(() => app.close());
  const limits = createRateLimits({
    policies: { client: { quota: 1, windowSeconds: 60 }, reads: { quota: 9, windowSeconds: 60 } },
    logger,
  });
  app.get('/', async (_request, reply) => {
    await limitRequest(reply, limits, [
      { policy: 'client', key: 'k' },
      { policy: 'reads', key: 'm' },
    ]);
    counted.push('passed');
    return {};
  });
  for (let i = 0; i < 4; i += 1) await app.inject('/');
  t.is(counted.length, 1);
  t.is((await limits.take('reads', 'm'))?.remaining, 7);
});

test('a policy that is off adds no header', async (t) => {
  const answer = await createApp(t, [{ policy: 'off', key: 'k' }]).inject('/');
  t.is(answer.statusCode, 200);
  t.false('ratelimit' in answer.headers);
});
