import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createValidator } from '@zameni/runtime';
import { Problem } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { type GatewayChoice, runGateway, startService } from './part.fixture.ts';

const UNBOUNDED = {
  connections: 100_000,
  connectionRate: 100_000,
  pageRate: 100_000,
  unfinished: 100_000,
};

/** The gateway before a service that echoes its headers and serves a cacheable page. */
async function start(t: ExecutionContext, choice: Omit<GatewayChoice, 'service'> = {}) {
  const pages: string[] = [];
  const service = await startService(t, (asked, response) => {
    const { url = '', headers } = asked;
    if (url === '/readyz') return response.end('ok');
    if (url.startsWith('/v1/slow')) return setTimeout(() => response.end('late'), 1_500);
    if (url.startsWith('/docs')) {
      pages.push(url);
      response.setHeader('Cache-Control', 'public, max-age=300');
      response.setHeader('Vary', 'Accept-Encoding');
      const isZipped = headers['accept-encoding'] === 'gzip';
      response.setHeader('ETag', isZipped ? '"page-gzip"' : '"page"');
      if (isZipped) response.setHeader('Content-Encoding', 'gzip');
      return response.end(isZipped ? gzipSync('page') : 'page');
    }
    return response.end(JSON.stringify(headers));
  });
  return { ...(await runGateway(t, { service, ...choice })), pages };
}

/** The head of the answer on a new connection, as it was sent. */
async function headOf(
  { port }: { readonly port: number },
  path: string,
  headers: Record<string, string | string[]>,
  localAddress = '127.0.0.1',
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const at = { host: '127.0.0.1', port, path, localAddress };
  const sent = request({ ...at, headers, agent: false, timeout: 20_000 }, (answer) => {
    answer.resume();
    answer.once('end', () => resolve(answer));
  });
  sent.once('error', reject);
  sent.once('timeout', () => sent.destroy());
  sent.end();
  return promise;
}

/** Asks from an address of this host. Null if the connection is refused. */
async function askFrom(
  localAddress: string,
  gateway: { readonly port: number },
  path = '/v1/things',
  headers: Record<string, string> = {},
): Promise<number | null> {
  const answer = await headOf(gateway, path, headers, localAddress).catch(() => null);
  return answer?.statusCode ?? null;
}

async function openIdle(t: ExecutionContext, port: number, count: number, localAddress: string) {
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let n = 0; n < count; n += 1) {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    sockets.push(socket);
    // A connection that is refused is reset, at once or a moment later.
    await once(socket, 'connect').catch(() => undefined);
    socket.on('error', () => undefined);
  }
  return sockets;
}

test.serial('idle sockets of one source lock nobody else out', async (t) => {
  const gateway = await start(t, { sources: { ...UNBOUNDED, connections: 50 } });
  const sockets = await openIdle(t, gateway.port, 400, '127.0.0.2');
  t.is(await askFrom('127.0.0.2', gateway), null);
  t.is(await askFrom('127.0.0.1', gateway), 200);
  t.true(
    sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length >= 50,
  );
});

test.serial('one source can open only so many connections in a time', async (t) => {
  const gateway = await start(t, { sources: { ...UNBOUNDED, connectionRate: 20 } });
  const answers: (number | null)[] = [];
  for (let n = 0; n < 30; n += 1) answers.push(await askFrom('127.0.0.3', gateway));
  t.is(answers.filter((status) => status === 200).length, 20);
  t.is(answers.at(-1), null);
  t.is(await askFrom('127.0.0.4', gateway), 200);
});

test.serial('the connections of a trusted proxy are those of many clients', async (t) => {
  const sources = { ...UNBOUNDED, connectionRate: 5 };
  const gateway = await start(t, { sources, proxies: ['127.0.0.5'] });
  for (let n = 0; n < 20; n += 1) t.is(await askFrom('127.0.0.5', gateway), 200);
});

test.serial('pages are limited for each source, and kept by the gateway', async (t) => {
  const gateway = await start(t, { sources: { ...UNBOUNDED, pageRate: 20 } });
  for (let n = 0; n < 20; n += 1) t.is(await askFrom('127.0.0.6', gateway, '/docs'), 200);
  t.is(await askFrom('127.0.0.6', gateway, '/docs'), 429);
  t.is(await askFrom('127.0.0.6', gateway), 200);
  t.is(await askFrom('127.0.0.7', gateway, '/docs'), 200);
  t.deepEqual(gateway.pages, ['/docs']);
  for (let n = 0; n < 30; n += 1) await (await fetch(`${gateway.url}/docs`)).text();
  const refused = await fetch(`${gateway.url}/docs`);
  t.is(refused.status, 429);
  t.is(refused.headers.get('retry-after'), '10');
  const problem: unknown = await refused.json();
  t.is(createValidator(Problem)(problem), undefined);
  t.like(problem, { status: 429, code: 'rate-limited' });
});

test.serial('behind several proxies pages are limited for each client', async (t) => {
  const own = '127.0.0.0/8';
  const many = Array.from({ length: 63 }, (_, n) => `10.0.${n}.0/24`);
  for (const proxies of [2, [...many, own]]) {
    const gateway = await start(t, { sources: { ...UNBOUNDED, pageRate: 5 }, proxies });
    const ask = (sent: string) =>
      askFrom('127.0.0.8', gateway, '/docs', { 'x-forwarded-for': sent });
    for (let n = 1; n <= 10; n += 1) t.is(await ask(`192.0.2.1, 203.0.113.${n}, 127.0.0.9`), 200);
    for (let n = 1; n <= 4; n += 1) t.is(await ask('203.0.113.1, 127.0.0.9'), 200);
    t.is(await ask('203.0.113.1, 127.0.0.9'), 429);
    t.is(await ask('192.0.2.2, 203.0.113.1, 127.0.0.9'), 429);
    // What a client says before something that is no address is not believed.
    for (let n = 1; n <= 5; n += 1) t.is(await ask(`203.0.113.2${n}, unknown, 127.0.0.7`), 200);
    t.is(await ask('203.0.113.20, unknown, 127.0.0.7'), 429);
  }
});

test.serial('a kept page is revalidated by its tag', async (t) => {
  const gateway = await start(t);
  t.is(await askFrom('127.0.0.1', gateway, '/docs'), 200);
  t.is(await askFrom('127.0.0.1', gateway, '/docs', { 'if-none-match': '"page"' }), 304);
  t.is(gateway.pages.length, 1);
});

test.serial(
  'a kept page is compressed for clients that accept it, whichever asks first',
  async (t) => {
    const orders = [
      ['gzip', undefined],
      [undefined, 'gzip'],
    ];
    for (const order of orders) {
      const gateway = await start(t);
      const encodingFor = async (accept: string | undefined) => {
        const headers: Record<string, string> =
          accept === undefined ? {} : { 'accept-encoding': accept };
        return (await headOf(gateway, '/docs', headers)).headers['content-encoding'];
      };
      for (const accept of [...order, ...order]) t.is(await encodingFor(accept), accept);
      t.is(gateway.pages.length, 2);
      const no = ['identity', 'br', 'gzip;q=0', 'gzip;q=0, *', '*;q=0', ''];
      for (const accept of no) t.is(await encodingFor(accept), undefined, accept);
      for (const accept of ['gzip, deflate, br', 'br;q=1, gzip;q=0.5']) {
        t.is(await encodingFor(accept), 'gzip', accept);
      }
    }
  },
);

test.serial('only a trusted proxy names the address of a client', async (t) => {
  const forwarded = async ({ url }: { readonly url: string }, sent: string) => {
    const response = await fetch(`${url}/v1/things`, { headers: { 'x-forwarded-for': sent } });
    return String(Reflect.get(Object(await response.json()), 'x-forwarded-for'));
  };
  t.is(await forwarded(await start(t), '192.0.2.7'), '127.0.0.1');
  const behind = await start(t, { proxies: ['127.0.0.0/8'] });
  t.is(await forwarded(behind, '192.0.2.7'), '192.0.2.7, 127.0.0.1');
  const elsewhere = await start(t, { proxies: ['10.0.0.0/8'] });
  t.is(await forwarded(elsewhere, '192.0.2.7'), '127.0.0.1');
});

const ORIGIN = 'https://app.example';
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'PATCH' },
});

test.serial('a page of a configured origin may read every answer', async (t) => {
  const { url } = await start(t, { origins: [ORIGIN, 'https://other.example'] });
  for (const [path, status] of [
    ['/v1/things', 200],
    ['/nothing', 404],
  ] as const) {
    const { headers, status: got } = await fetch(url + path, { headers: { origin: ORIGIN } });
    t.is(got, status);
    t.is(headers.get('access-control-allow-origin'), ORIGIN);
    t.is(headers.get('access-control-allow-credentials'), null);
    t.regex(headers.get('vary') ?? '', /Origin/);
    const exposed = headers.get('access-control-expose-headers')?.split(', ') ?? [];
    for (const name of ['Position', 'Location', 'ETag', 'Retry-After', 'RateLimit']) {
      t.true(exposed.includes(name), name);
    }
  }
});

test.serial('a preflight is answered by the gateway and may be kept', async (t) => {
  const { url } = await start(t, { origins: [ORIGIN] });
  const { status, headers } = await fetch(`${url}/v1/users/7`, preflight(ORIGIN));
  t.is(status, 204);
  t.is(headers.get('access-control-allow-origin'), ORIGIN);
  t.is(headers.get('access-control-allow-credentials'), null);
  t.is(headers.get('access-control-max-age'), '7200');
  t.is(headers.get('access-control-allow-methods'), 'GET, HEAD, POST, PATCH, DELETE');
  const taken = headers.get('access-control-allow-headers')?.split(', ') ?? [];
  for (const name of ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'Prefer']) {
    t.true(taken.includes(name), name);
  }
});

test.serial('other origins, and all without configuration, are allowed nothing', async (t) => {
  const names = async (response: Response) => {
    await response.text();
    return [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));
  };
  const some = await start(t, { origins: [ORIGIN] });
  for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'null']) {
    t.deepEqual(await names(await fetch(some.url, { headers: { origin } })), [], origin);
    t.deepEqual(await names(await fetch(`${some.url}/v1/x`, preflight(origin))), [], origin);
  }
  const none = await start(t);
  t.deepEqual(await names(await fetch(`${none.url}/v1/x`, preflight(ORIGIN))), []);
});

test.serial('an answer of the gateway itself is a problem document with a trace id', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/nothing`);
  const problem: unknown = await response.json();
  t.is(createValidator(Problem)(problem), undefined);
  t.regex(String(Reflect.get(Object(problem), 'traceId')), /^[0-9a-f]{32}$/);
  t.is(response.headers.get('cache-control'), 'no-store');
  const dead = await runGateway(t, { service: { name: 'query-api-1', port: 1 } });
  const unavailable = await fetch(`${dead.url}/v1/things`);
  t.is(unavailable.status, 503);
  t.is(unavailable.headers.get('retry-after'), '1');
  const body: unknown = await unavailable.json();
  t.is(createValidator(Problem)(body), undefined);
  t.regex(String(Reflect.get(Object(body), 'traceId')), /^[0-9a-f]{32}$/);
});

test.serial('a gateway that stops lets requests end', async (t) => {
  const gateway = await start(t);
  const late = fetch(`${gateway.url}/v1/slow`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const stopped = gateway.stop();
  t.is(await (await late).text(), 'late');
  await stopped;
  t.is(await askFrom('127.0.0.1', gateway), null);
});

test.serial('how long a service keeps a connection is no business of clients', async (t) => {
  const gateway = await start(t);
  const { statusCode, headers } = await headOf(gateway, '/v1/things', {});
  t.is(statusCode, 200);
  t.false('keep-alive' in headers);
});

test.serial('a token or a media type that is named twice is refused', async (t) => {
  const gateway = await start(t);
  const once = { authorization: 'Bearer a', 'content-type': 'application/json' };
  t.is((await headOf(gateway, '/v1/things', once)).statusCode, 200);
  for (const [name, value] of Object.entries(once)) {
    const { statusCode } = await headOf(gateway, '/v1/things', { [name]: [value, value] });
    t.is(statusCode, 400, name);
  }
});
