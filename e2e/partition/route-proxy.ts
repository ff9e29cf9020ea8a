import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way between two servers that can be cut. */
export type RouteProxy = AsyncDisposable & {
  readonly port: number;
  /** From now on nothing arrives, and nothing tells the ends of it, as in a broken network. */
  readonly cut: () => void;
  /** What was sent meanwhile arrives, unless its connection was given up. */
  readonly heal: () => void;
};

const HOST = '127.0.0.1';

/** Starts a way to a port of this machine. */
export async function startRouteProxy(targetPort: number): Promise<RouteProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;

  /** Copies what one end sends to the other one. Neither is read while the way is cut. */
  function copy(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (data) => {
      if (to.write(data)) return;
      from.pause();
      to.once('drain', () => {
        if (!isCut) from.resume();
      });
    });
    from.on('error', () => undefined);
    from.once('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isCut) from.pause();
  }

  const server = createServer((socket) => {
    const target = connect({ host: HOST, port: targetPort });
    copy(socket, target);
    copy(target, socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return {
    port: address.port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      isCut = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
