import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { MAX_BODY_BYTES, Problem } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createLogger } from '../process/logger.ts';
import { createHttpApp } from './app.ts';
import { createValidator } from './validation.ts';

/** An application whose route `/never` does not answer. Returns a function that sends it bytes. */
async function createServer(t: ExecutionContext) {
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const app = createHttpApp({ logger, checks: {} });
  app.get('/never', () => new Promise(() => undefined));
  app.post('/echo', async ({ body }) => ({ body }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  return async (bytes: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(bytes);
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
    return Buffer.concat(chunks).toString('utf8');
  };
}

const HOST = 'Host: x\r\n';

const answers = test.macro<[string, string]>({
  title: (title) => `answers ${title} with a problem document and closes`,
  exec: async (t, bytes, status) => {
    const send = await createServer(t);
    const [head = '', body = ''] = (await send(bytes)).split('\r\n\r\n');
    t.true(head.startsWith(`HTTP/1.1 ${status} `));
    t.regex(head, /^content-type: application\/problem\+json/im);
    const problem: unknown = JSON.parse(body);
    t.is(createValidator(Problem)(problem), undefined);
    t.regex(String(Reflect.get(Object(problem), 'traceId')), /^[0-9a-f]{32}$/);
  },
});

test('an unknown version', answers, `GET / HTTP/9.9\r\n${HOST}\r\n`, '400');
test('another protocol', answers, 'SSH-2.0-OpenSSH\r\n\r\n', '400');
test('a head over the limit', answers, `GET / HTTP/1.1\r\nX: ${'a'.repeat(40_000)}`, '400');
test('a missing Host', answers, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', '400');
test(
  'a broken chunk',
  answers,
  `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
  '400',
);

test('ignores an unknown expectation', async (t) => {
  const send = await createServer(t);
  const text = await send(
    `POST /echo HTTP/1.1\r\n${HOST}Expect: wonders\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  );
  t.true(text.startsWith('HTTP/1.1 200 '));
});

test('garbage after a request that awaits its answer is not answered in its place', async (t) => {
  const send = await createServer(t);
  t.is(await send(`GET /never HTTP/1.1\r\n${HOST}\r\n\x01\x02\x03\r\n\r\n`), '');
});

test('Upgrade is ignored and ends the connection', async (t) => {
  const send = await createServer(t);
  const wish = `GET /livez HTTP/1.1\r\n${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`;
  t.regex(await send(wish), /^HTTP\/1\.1 200 .*^connection: close/ims);
});

test('discards a body over the limit, so that the answer arrives', async (t) => {
  const send = await createServer(t);
  const large = ' '.repeat(40 * MAX_BODY_BYTES);
  const request = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${large.length}\r\n`;
  const last = `GET /livez HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
  const text = await send(`${request}\r\n${large}${last}`);
  t.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413', 'HTTP/1.1 200']);
});
