import test from 'ava';
import { AppError } from '../errors.ts';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from './app.ts';
import { createSample, type LogRequests } from './request-log.ts';
import { UNKNOWN_ROUTE } from './route.ts';

/** An application, and the lines about its requests. */
function createTestApp(logRequests?: LogRequests) {
  const texts: string[] = [];
  const write = (text: string) => void texts.push(text);
  const logger = createLogger({ service: 'test', instance: 'test', level: 'info', write });
  const app = createHttpApp({ logger, logRequests, checks: {} });
  app.get('/v1/users/:id', async () => ({ ok: true }));
  app.get('/v1/broken', async () => {
    throw new Error('broken');
  });
  app.get('/v1/lagging', async () => {
    throw new AppError('projection-lagging');
  });
  const lines = () =>
    texts
      .map((text): Record<string, unknown> => JSON.parse(text))
      .filter((line) => line['event.code'] === 'request-answered');
  return { app, texts, lines };
}

test('a request is one line with method, route, status and time', async (t) => {
  const { app, texts, lines } = createTestApp('sampled');
  await app.inject({ url: '/v1/users/vera@example.org?name=Vera', remoteAddress: '192.0.2.7' });
  t.is(lines().length, 1);
  t.like(lines()[0], {
    'http.request.method': 'GET',
    'http.route': '/v1/users/{id}',
    'http.response.status_code': 200,
    'zameni.sample.rate': 1,
  });
  t.true(Number(lines()[0]?.['event.duration']) > 0);
  t.notRegex(texts.join(''), /vera|Vera|192\.0\.2\.7/);
});

test('a failed request and its line have the trace id of the answer', async (t) => {
  const { app, texts, lines } = createTestApp('sampled');
  const { traceId } = (await app.inject('/v1/broken')).json();
  t.is(lines()[0]?.['trace.id'], traceId);
  t.like(lines()[0], { 'http.response.status_code': 500, 'zameni.problem.code': 'internal' });
  t.is(texts.filter((text) => text.includes(traceId)).length, 2);
});

test('a request without a route is logged without its path', async (t) => {
  const { app, texts, lines } = createTestApp('sampled');
  await app.inject('/vera@example.org');
  t.is(lines()[0]?.['http.response.status_code'], 404);
  t.is(lines()[0]?.['http.route'], UNKNOWN_ROUTE);
  t.false(texts.join('').includes('vera'));
});

test('probes are not logged, and nothing is without the option or if it is off', async (t) => {
  const sampled = createTestApp('sampled');
  await sampled.app.inject('/livez');
  await sampled.app.inject('/readyz');
  t.is(sampled.texts.length, 0);
  for (const option of ['off', undefined] as const) {
    const { app, texts } = createTestApp(option);
    await app.inject('/v1/users/1');
    t.is(texts.length, 0);
  }
});

test('a crowd is sampled, and a failure in it is still logged', async (t) => {
  const { app, lines } = createTestApp('sampled');
  for (let request = 0; request < 300; request += 1) await app.inject('/v1/users/1');
  t.true(lines().length < 200, `${lines().length} lines`);
  await app.inject('/v1/broken');
  t.is(lines().at(-1)?.['http.response.status_code'], 500);
});

test('a crowd of refusals that its caller brings about hides no failure', async (t) => {
  const { app, lines } = createTestApp('sampled');
  for (let request = 0; request < 300; request += 1) await app.inject('/v1/lagging');
  t.true(lines().length < 200, `${lines().length} lines`);
  await app.inject('/v1/broken');
  t.is(lines().at(-1)?.['http.response.status_code'], 500);
});

test('with `all` each request is logged', async (t) => {
  const { app, lines } = createTestApp('all');
  for (let request = 0; request < 100; request += 1) await app.inject('/v1/users/1');
  t.is(lines().length, 100);
});

test('a sample takes all up to its rate, and then a share', (t) => {
  const clock = { now: 0, random: 0.5 };
  const options = { perSecond: 2, share: 0.1, now: () => clock.now, random: () => clock.random };
  const take = createSample(options);
  t.deepEqual([take(), take(), take()], [1, 1, null]);
  clock.random = 0.09;
  t.is(take(), 0.1);
  clock.random = 0.1;
  t.is(take(), null);
  clock.now = 1_000;
  t.deepEqual([take(), take(), take()], [1, 1, null]);
});

test('what the framework says is logged without its text', async (t) => {
  const { app, texts } = createTestApp();
  app.get('/twice/:id', async (_request, reply) => {
    reply.send('first');
    reply.send('second');
  });
  await app.inject('/twice/vera');
  const [line = {}] = texts.map((text): Record<string, unknown> => JSON.parse(text));
  t.like(line, { 'event.code': 'http-framework-fault', 'error.code': 'FST_ERR_REP_ALREADY_SENT' });
  t.false(texts.join('').includes('vera'));
});
