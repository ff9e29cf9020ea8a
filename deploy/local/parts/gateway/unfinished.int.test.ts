import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MAX_BODY_BYTES } from '@zameni/contracts';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { type GatewayChoice, runGateway, startService } from './part.fixture.ts';

/** Places of a process for requests whose body is not whole. */
const PLACES = 100;

/** The gateway before a service that answers at once, and reads bodies to their end as ours do. */
async function start(t: ExecutionContext, choice: Omit<GatewayChoice, 'service'> = {}) {
  const asked: string[] = [];
  const service = await startService(t, (request, response) => {
    if (request.url === '/readyz') return response.end('ok');
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    return response.end('answer');
  });
  return { ...(await runGateway(t, { service, ...choice })), asked };
}

/** A request of which the rest never comes, and what was answered. */
type Sent = { readonly socket: Socket; readonly received: () => string };

function send(t: ExecutionContext, port: number, bytes: string, localAddress = '127.0.0.1'): Sent {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  socket.write(bytes);
  return { socket, received: () => received };
}

const headOf = (line: string, ...more: string[]) =>
  [`${line} HTTP/1.1`, 'Host: a', ...more, '', ''].join('\r\n');
const wide = Array.from({ length: 90 }, (_, n) => `X-${n}: ${'a'.repeat(150)}`);
const most = `Content-Length: ${MAX_BODY_BYTES}`;
const almost = 'x'.repeat(MAX_BODY_BYTES - 1);
const chunked = 'Transfer-Encoding: chunked';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

const keeps = test.macro<[string]>({
  title: (how = '') => `no service gets ${how} before its body is whole`,
  exec: async (t, bytes) => {
    const { port, asked, url } = await start(t);
    const { received } = send(t, port, bytes);
    await pause(400);
    t.is((await fetch(`${url}/v1/users/7`)).status, 200);
    t.deepEqual(asked, ['GET /v1/users/7']);
    t.is(received(), '');
  },
});

test.serial('a GET', keeps, headOf('GET /v1/nothing', 'Content-Length: 5'));
test.serial('a HEAD', keeps, headOf('HEAD /v1/users/7', 'Content-Length: 5'));
test.serial(
  'a PUT to the path of an upload',
  keeps,
  `${headOf('PUT /v1/imports', 'Content-Length: 5')}x`,
);
test.serial('the largest body', keeps, `${headOf('POST /v1/registrations', most)}${almost}`);
test.serial(
  'the largest body behind a large head',
  keeps,
  `${headOf('POST /v1/registrations', most, ...wide)}${almost}`,
);
test.serial(
  'the largest body in chunks',
  keeps,
  `${headOf('POST /v1/registrations', chunked, ...wide)}${chunk(almost)}`,
);
test.serial(
  'a body in tiny chunks',
  keeps,
  `${headOf('POST /v1/registrations', chunked)}${chunk('x').repeat(5_000)}`,
);

test.serial('whole bodies of the largest size reach a service, and larger ones too', async (t) => {
  const { url, asked } = await start(t);
  for (const length of [MAX_BODY_BYTES, MAX_BODY_BYTES + 1, 300_000]) {
    const answer = await fetch(`${url}/v1/registrations`, {
      method: 'POST',
      body: 'x'.repeat(length),
    });
    t.is(await answer.text(), 'answer', String(length));
  }
  t.is(asked.length, 3);
});

test.serial('a head that no service takes is refused by the gateway', async (t) => {
  const { port, asked } = await start(t);
  const head = headOf('GET /v1/users/7', `X-A: ${'a'.repeat(17_000)}`);
  const { received, socket } = send(t, port, head);
  await once(socket, 'data');
  t.regex(received(), /^HTTP\/1\.1 400 [^]+"code":"bad-request"/);
  t.deepEqual(asked, []);
});

const large = `${headOf('POST /v1/registrations', 'Content-Length: 90000')}${'x'.repeat(40_000)}`;
const refusal = headOf('GET /v1/nothing', 'Content-Length: 90000') + 'x'.repeat(40_000);
const upload = `${headOf('POST /v1/imports', 'Content-Length: 90000')}x`;
const holds = test.macro<[string]>({
  title: (title) => title ?? '',
  exec: async (t, bytes) => {
    const { port, url, asked } = await start(t);
    const sent = Array.from({ length: PLACES + 20 }, () => send(t, port, bytes));
    const answered = () => sent.filter(({ received }) => received().startsWith('HTTP/1.1 200'));
    await waitUntil(() => answered().length === PLACES);
    for (const method of ['GET', 'POST']) {
      t.is((await fetch(`${url}/v1/registrations`, { method })).status, 200, method);
    }
    // The gateway resets a connection of which it has not read everything.
    await waitUntil(() => sent.filter(({ socket }) => socket.closed).length === 20);
    t.is(asked.length, PLACES + 2);
  },
});

test.serial('large bodies that never end take only places of their own', holds, large);
test.serial('large bodies of refused requests take only places of their own', holds, refusal);
test.serial('uploads that never end take only places of their own', holds, upload);

test.serial('one source has only so many unfinished requests at once', async (t) => {
  const many = { connections: 1_000, connectionRate: 1_000, pageRate: 1_000 };
  const { port, asked } = await start(t, { sources: { ...many, unfinished: 3 } });
  const crowd = Array.from({ length: 5 }, () => send(t, port, upload, '127.0.0.2'));
  const refused = () => crowd.filter(({ received }) => received().startsWith('HTTP/1.1 429'));
  await waitUntil(() => asked.length === 3 && refused().length === 2);
  send(t, port, upload, '127.0.0.1');
  await waitUntil(() => asked.length === 4);
  for (const { socket } of crowd) socket.destroy();
  await pause(100);
  send(t, port, upload, '127.0.0.2');
  await waitUntil(() => asked.length === 5);
  t.pass();
});

test.serial('a connection has one request at a time: HTTP/2 is not spoken', async (t) => {
  const { port, asked } = await start(t);
  const settings = '\x00\x00\x00\x04\x00\x00\x00\x00\x00';
  const { socket, received } = send(t, port, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}`);
  await once(socket, 'data');
  t.regex(received(), /^HTTP\/1\.[01] 400 /);
  t.deepEqual(asked, []);
});
