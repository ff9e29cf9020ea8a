import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import { AppError } from '../errors.ts';
import { HARMLESS_PROBLEMS } from '../telemetry/catalogue/harmless-problems.ts';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { SPANS } from '../telemetry/catalogue/spans.ts';
import { withSpan } from '../telemetry/trace.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { collectTelemetry, toTraceparent } from '../testing/telemetry.ts';
import { waitUntil } from '../testing/wait.ts';
import { createHttpApp, traceIdOf } from './app.ts';
import { noteWaits } from './note-waits.ts';

const json = { 'content-type': 'application/json' };

function createApp() {
  const app = createHttpApp({ logger: createSilentLogger(), checks: {} });
  app.post('/v1/things/:id/parts', async (request) =>
    withSpan(SPANS.validate, {}, async () => ({ trace: traceIdOf(request) })),
  );
  app.get('/v1/refused', async () => {
    throw new AppError('forbidden');
  });
  app.get('/v1/broken', async () => {
    throw new Error('vera@example.org');
  });
  app.get('/status', async () => ({}));
  return app;
}

test.serial(
  'a request has a server span, named by its route, and its parts are below',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const app = createApp();
    const headers = { ...json, traceparent: toTraceparent(7), 'user-agent': 'vera' };
    const url = '/v1/things/vera/parts?email=vera';
    const response = await app.inject({ method: 'POST', url, headers, payload: { a: 'vera' } });
    const [part, request] = telemetry.spans();
    t.is(request?.name, 'POST /v1/things/{id}/parts');
    t.is(request?.parentSpanId, '00000000000000aa');
    t.deepEqual(request?.attributes, {
      'http.request.method': 'POST',
      'http.route': '/v1/things/{id}/parts',
      'http.response.status_code': 200,
    });
    // The body arrives in another context, and the handler is in that of its request nevertheless.
    t.is(part?.parentSpanId, request?.spanId);
    t.is(response.json().trace, request?.traceId);
    t.false(JSON.stringify(telemetry.spans()).includes('vera'));
  },
);

test.serial(
  'a span names no route that there is not, and no method that anybody made up',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const app = createApp();
    await app.inject({ method: 'GET', url: '/vera' });
    await app.inject({ method: 'PROPFIND', url: '/vera' });
    t.deepEqual(
      telemetry.spans().map(({ name }) => name),
      ['GET', 'HTTP'],
    );
  },
);

test.serial('only a failure of the server is an error of its span', async (t) => {
  const telemetry = await collectTelemetry(t);
  const app = createApp();
  const bodies = [
    await app.inject({ url: '/v1/refused' }),
    await app.inject({ url: '/v1/broken' }),
  ].map((response) => response.json());
  const spans = telemetry.spans();
  t.deepEqual(
    spans.map(({ isError, attributes }) => [isError, attributes['zameni.problem.code']]),
    [
      [false, 'forbidden'],
      [true, 'internal'],
    ],
  );
  t.deepEqual(
    bodies.map(({ traceId }) => traceId),
    spans.map(({ traceId }) => traceId),
  );
});

for (const code of HARMLESS_PROBLEMS) {
  test.serial(`${code} is no error of its span, and told apart in metrics`, async (t) => {
    const telemetry = await collectTelemetry(t);
    const app = createApp();
    app.get('/v1/harmless', async () => {
      throw new AppError(code);
    });
    t.is((await app.inject({ url: '/v1/harmless' })).statusCode, 503);
    const [span] = telemetry.spans();
    t.false(span?.isError);
    t.like(span?.attributes, {
      'http.response.status_code': 503,
      'zameni.problem.code': code,
      'error.type': undefined,
    });
    const [duration] = await telemetry.valuesOf(METRICS.http.requestDuration);
    t.like(duration?.attributes, { 'http.response.status_code': 503, 'error.type': code });
  });
}

test.serial('a trace that is not sampled is named in problems and has no spans', async (t) => {
  const telemetry = await collectTelemetry(t);
  const headers = { traceparent: toTraceparent(8, { isSampled: false }) };
  const response = await createApp().inject({ url: '/v1/broken', headers });
  t.is(Number(`0x${response.json().traceId}`), 8);
  t.deepEqual(telemetry.spans(), []);
});

const CALLER = '0af7651916cd43dd8448eb211c80319c';

test.serial('the trace of a caller whom the gateway does not trust is linked', async (t) => {
  const telemetry = await collectTelemetry(t);
  const app = createApp();
  const caller = `00-${CALLER}-b7ad6b7169203331-00`;
  const headers = { traceparent: toTraceparent(7), 'zameni-caller-traceparent': caller };
  const linked = await app.inject({ url: '/v1/broken', headers });
  t.is(Number(`0x${linked.json().traceId}`), 7);
  for (const forged of ['vera', `${caller}-vera`]) {
    await app.inject({
      url: '/v1/broken',
      headers: { ...headers, 'zameni-caller-traceparent': forged },
    });
  }
  // Past the gateway.
  await app.inject({ url: '/v1/broken', headers: { 'zameni-caller-traceparent': caller } });
  t.deepEqual(
    telemetry.spans().map(({ links }) => links.map(({ traceId }) => traceId)),
    [[CALLER], [], [], []],
  );
});

test.serial('a request whose client goes away is 499 and no failure', async (t) => {
  const telemetry = await collectTelemetry(t);
  const app = createApp();
  const { promise: hasArrived, resolve: arrive } = Promise.withResolvers<void>();
  app.get('/v1/slow', async (_request, reply) => {
    arrive();
    return reply.hijack();
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const aborting = new AbortController();
  const headers = { traceparent: toTraceparent(7) };
  const asked = fetch(`${url}/v1/slow`, { signal: aborting.signal, headers });
  await hasArrived;
  aborting.abort();
  await t.throwsAsync(asked);
  await waitUntil(() => telemetry.spans().length === 1);
  const [span] = telemetry.spans();
  t.false(span?.isError);
  t.like(span?.attributes, { 'http.response.status_code': 499, 'error.type': undefined });
  t.deepEqual((await telemetry.valuesOf(METRICS.http.requestDuration))[0]?.attributes, {
    'http.request.method': 'GET',
    'http.route': '/v1/slow',
    'http.response.status_code': 499,
  });
});

test.serial(
  'requests are measured by route, status and problem; internal ones are not',
  async (t) => {
    const telemetry = await collectTelemetry(t);
    const app = createApp();
    await app.inject({ url: '/v1/refused' });
    await app.inject({ url: '/v1/broken' });
    await app.inject({ url: '/v1/nothing/here' });
    await app.inject({ method: 'DELETE', url: '/v1/refused' });
    for (const url of ['/status', '/livez', '/metrics']) await app.inject({ url });
    const durations = await telemetry.valuesOf(METRICS.http.requestDuration);
    const method = { 'http.request.method': 'GET' };
    t.deepEqual(
      durations.map(({ attributes }) => attributes),
      [
        { ...method, 'http.route': '/v1/refused', 'http.response.status_code': 403 },
        {
          ...method,
          'http.route': '/v1/broken',
          'http.response.status_code': 500,
          'error.type': 'internal',
        },
        { ...method, 'http.route': 'unknown', 'http.response.status_code': 404 },
        {
          'http.request.method': 'DELETE',
          'http.route': 'unknown',
          'http.response.status_code': 404,
        },
      ],
    );
    t.like(await telemetry.valuesOf(METRICS.http.problems), [
      { attributes: { 'http.route': '/v1/refused', 'zameni.problem.code': 'forbidden' }, value: 1 },
      { attributes: { 'http.route': '/v1/broken', 'zameni.problem.code': 'internal' }, value: 1 },
    ]);
    t.like(await telemetry.valuesOf(METRICS.http.activeRequests), [{ value: 0 }]);
  },
);

/** The attributes of the measurement of a request that waited as its caller asked. */
async function measureWait(
  t: ExecutionContext,
  { waitMs, error }: { readonly waitMs: number; readonly error?: AppError },
) {
  const telemetry = await collectTelemetry(t);
  let nowMs = performance.now();
  const now = mock.method(performance, 'now', () => nowMs);
  t.teardown(() => now.mock.restore());
  const app = createApp();
  app.get('/v1/waits', async (request) => {
    const noteEnd = noteWaits(request)();
    nowMs += waitMs;
    noteEnd();
    if (error !== undefined) throw error;
    return {};
  });
  await app.inject({ url: '/v1/waits' });
  const [duration] = await telemetry.valuesOf(METRICS.http.requestDuration);
  return duration?.attributes;
}

test.serial('a request that waited because its caller asked for it is told apart', async (t) => {
  t.like(await measureWait(t, { waitMs: 100 }), { 'zameni.waited': 'true' });
});

test.serial('a short wait is none', async (t) => {
  t.like(await measureWait(t, { waitMs: 99 }), { 'zameni.waited': undefined });
});

test.serial('a failure after a wait is a failure', async (t) => {
  const error = new AppError('store-unavailable');
  t.like(await measureWait(t, { waitMs: 5_000, error }), {
    'error.type': 'store-unavailable',
    'zameni.waited': undefined,
  });
});

test.serial('without metrics there is no /metrics', async (t) => {
  const response = await createApp().inject({ url: '/metrics' });
  t.is(response.statusCode, 404);
  t.is(response.json().code, 'not-found');
});
