import { once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** Finds a port on loopback that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}
