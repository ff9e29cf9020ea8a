import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * The ports to choose from. Linux takes the port of an outgoing connection from 32768 up
 * (`ip_local_port_range`), so no connection gets one of these between its choice and its use. Stacks
 * use ports below 20000.
 */
const FIRST = 20_000;
const END = 32_768;

const HOST = '127.0.0.1';

/** Ports that were returned before. Who asked for one may not listen on it yet. */
const returned = new Set<number>();

/** Finds a port of loopback for a server that a test starts. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (returned.has(port) || !(await isFree(port))) continue;
    returned.add(port);
    return port;
  }
}

/** Finds several ports, all different. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: count }, findFreePort));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
  } catch {
    // Somebody listens on it.
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
