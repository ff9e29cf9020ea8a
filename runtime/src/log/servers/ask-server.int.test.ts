import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { readTestStack } from '../../testing/stack.ts';
import { PATIENCE_MS, waitUntil } from '../../testing/wait.ts';
import { askServer, assertHealthyServer } from './ask-server.ts';
import { watchedServers } from './watched-servers.ts';

const servers = watchedServers(await readTestStack());
const [any] = servers;
if (any === undefined) throw new Error('the stack has no servers');
const soon = () => AbortSignal.timeout(PATIENCE_MS);

test('each server answers for itself', async (t) => {
  const answers = await Promise.all(
    servers.map((server) => askServer(server, 'JSZ', { streams: true }, soon())),
  );
  t.deepEqual(
    answers.map(({ name }) => name),
    ['n1', 'n2', 'n3'],
  );
  t.is(new Set(answers.map(({ id }) => id)).size, 3);
  for (const { data } of answers) t.regex(JSON.stringify(data), /"name":"ACCOUNTS"/);
  // A stream of another test may just be made, which is not whole at once.
  for (const server of servers) {
    const isHealthy = () =>
      assertHealthyServer(server, soon()).then(
        () => true,
        () => false,
      );
    await t.notThrowsAsync(waitUntil(isHealthy));
  }
});

test('without the password there is no answer', async (t) => {
  await t.throwsAsync(askServer({ ...any, password: 'wrong' }, 'HEALTHZ', {}, soon()));
});

test('a server that is away, or accepts and says nothing, is given up', async (t) => {
  await t.throwsAsync(askServer({ ...any, address: '127.0.0.1:1' }, 'HEALTHZ', {}, soon()));
  const address = await startSilentServer(t);
  const signal = soon();
  await t.throwsAsync(askServer({ ...any, address }, 'HEALTHZ', {}, signal));
  t.false(signal.aborted, 'it has a deadline of its own');
});

test('the end of the signal ends the question', async (t) => {
  const address = await startSilentServer(t);
  const signal = AbortSignal.timeout(100);
  const error = await t.throwsAsync(askServer({ ...any, address }, 'HEALTHZ', {}, signal), {
    any: true,
  });
  t.is(error, signal.reason);
});

/** It accepts as a frozen server does. */
async function startSilentServer(t: ExecutionContext): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
  return `127.0.0.1:${address.port}`;
}
