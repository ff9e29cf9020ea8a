import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { findFreePort, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { startDiscard } from './discard.ts';
import { connectSmtp } from './smtp-client.fixture.ts';

/** A server of a test that answers everything with one line. */
function createTestServer(t: ExecutionContext): Server {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
    socket.on('data', () => socket.write('250 by the test\r\n'));
  });
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return server;
}

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** Starts a server that throws mails away, and finds a port where a test may listen. */
async function start(t: ExecutionContext) {
  const testPort = await findFreePort();
  const discard = await startDiscard({ port: 0, testPort });
  t.teardown(() => discard[Symbol.asyncDispose]());
  return { port: discard.port, testPort };
}

test('takes one mail after another', async (t) => {
  const { port } = await start(t);
  const client = await connectSmtp(port);
  for (const subject of ['one', 'two']) t.regex(await client.mail(subject), /^250 /);
  t.regex(await client.say('QUIT'), /^221 /);
  t.is(await client.say(), 'closed');
});

test('a mail ends with a line that is a dot, wherever its bytes are split', async (t) => {
  const { port } = await start(t);
  const client = await connectSmtp(port);
  client.socket.setNoDelay(true);
  await client.say('MAIL FROM:<a@example.org>');
  await client.say('DATA');
  for (const part of ['a dot. .', '\r\n', '..\r\n', 'x.\r', '\n.', '\r']) {
    client.socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.write('\nNOOP\r\n');
  t.is(await client.say(), '250 2.0.0 Thrown away');
  t.is(await client.say(), '250 2.0.0 OK', 'the command after the mail');
});

test('a test that listens gets the connections, and the others end after their mail', async (t) => {
  const { port, testPort } = await start(t);
  const idle = await connectSmtp(port);
  const busy = await connectSmtp(port);
  await busy.say('MAIL FROM:<a@example.org>');
  const server = createTestServer(t);
  await listen(server, testPort);
  t.is(await idle.say(), 'closed');
  await busy.say('DATA');
  t.regex(await busy.say('the mail under way\r\n.'), /^250 .*away/);
  t.is(await busy.say(), 'closed');
  const next = await connectSmtp(port);
  t.is(await next.say('NOOP'), '250 by the test');
});

test('a connection that the test breaks is broken for the client', async (t) => {
  const { port, testPort } = await start(t);
  const server = createTestServer(t);
  await listen(server, testPort);
  const arrived = once(server, 'connection');
  const client = await connectSmtp(port);
  const [socket] = (await arrived) as [Socket];
  socket.resetAndDestroy();
  await waitUntil(() => client.socket.closed);
  t.true(client.socket.destroyed);
});
