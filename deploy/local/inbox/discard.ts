import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createDiscardSession } from './discard-session.ts';

/** Ports of a server that throws mails away. */
export type DiscardOptions = {
  /** Port 0 means any free one. */
  readonly port: number;
  /** While an SMTP server of a test listens here, it gets the connections instead. */
  readonly testPort: number;
};

/** A running server. */
export type Discard = AsyncDisposable & { readonly port: number };

const HOST = '127.0.0.1';

/** Milliseconds between two looks for a test's server, while connections are open here. */
const LOOK_MS = 100;

/**
 * Starts an SMTP server that accepts every mail and keeps none. A connection is either served here
 * or, as bytes, by a test's own server. When that one begins to listen, the connections served here
 * end after the mail under way, so that their clients come back and reach it.
 */
export async function startDiscard({ port, testPort }: DiscardOptions): Promise<Discard> {
  const open = new Set<Socket>();
  /** Ends each connection that is served here. */
  const served = new Set<() => void>();
  let looking: Promise<void> | undefined;

  const serve = (socket: Socket): void => {
    const session = createDiscardSession(socket);
    served.add(session.endWhenIdle);
    socket.once('close', () => served.delete(session.endWhenIdle));
    looking ??= lookForTest().finally(() => (looking = undefined));
  };

  async function takeIn(socket: Socket): Promise<void> {
    const test = await tryConnect(testPort);
    if (socket.destroyed) test?.destroy();
    else if (test === undefined) serve(socket);
    else join(socket, test);
  }

  async function lookForTest(): Promise<void> {
    while (served.size > 0) {
      const found = await tryConnect(testPort);
      found?.destroy();
      if (found !== undefined) for (const endWhenIdle of served) endWhenIdle();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // A client that is killed breaks its connection. There is nobody to tell.
    socket.on('error', () => undefined);
    void takeIn(socket);
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
      await looking;
    },
  };
}

/** Passes bytes both ways. An end of one side, also a hard one, is one of the other. */
function join(client: Socket, test: Socket): void {
  for (const [from, to] of [
    [client, test],
    [test, client],
  ] as const) {
    from.pipe(to);
    from.once('close', (isBroken) => (isBroken ? to.resetAndDestroy() : to.end()));
  }
  client.resume();
}

/** Connects to a port, or returns undefined if nobody listens there. */
async function tryConnect(port: number): Promise<Socket | undefined> {
  const socket = connect({ host: HOST, port, noDelay: true });
  try {
    await once(socket, 'connect');
    // A test's server may break the connection. Its `close` is enough to know.
    socket.on('error', () => undefined);
    return socket;
  } catch {
    // Nobody listens.
    socket.destroy();
    return undefined;
  }
}
