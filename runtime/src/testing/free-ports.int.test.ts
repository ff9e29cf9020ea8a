import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { findFreePorts } from './free-ports.ts';

const PORTS = 50;

test('ports are different, and a server can listen on each', async (t) => {
  const ports = await findFreePorts(PORTS);
  t.is(new Set(ports).size, PORTS);
  for (const port of ports) {
    await using server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
});

test('the system gives none of the ports to an outgoing connection', async (t) => {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const [first = 0] = range.trim().split(/\s+/).map(Number);
  for (const port of await findFreePorts(PORTS)) t.true(port < first, `${port} and ${first}`);
});
