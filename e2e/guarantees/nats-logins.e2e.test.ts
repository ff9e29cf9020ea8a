import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { askServer, type WatchedServer, watchedServers } from '@zameni/runtime';
import { readTestStack } from '@zameni/runtime/testing';
import test from 'ava';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

const Route = Type.Object({
  cluster: Type.Object({ addr: Type.String(), cluster_port: Type.Integer() }),
});

/** State of a socket in the tables of Linux. */
const LISTENS = '0A';

test('only a user with the right password logs in, at every server', async (t) => {
  const { nats, folders } = await readTestStack();
  const [admin, query] = ['admin', 'query-api'].map((user) =>
    readPassword(nats.users[user]?.passwordFile ?? ''),
  );
  const route = readPassword(join(folders.secrets, 'nats-route.password'));
  for (const server of nats.servers) {
    t.is(await logIn(server, { user: 'query-api', pass: query }), 'PONG', 'the control');
    for (const login of [
      {},
      { user: '', pass: '' },
      { user: 'query-api' },
      { user: 'query-api', pass: '' },
      { user: 'query-api', pass: `${query}x` },
      { user: 'query-api', pass: admin },
      { user: 'admin', pass: query },
      { user: 'nobody', pass: query },
      { user: 'route', pass: route },
      { auth_token: query },
    ]) {
      const names = `${server} ${Object.keys(login).join()} ${login.user}`;
      t.is(await logIn(server, login), "-ERR 'Authorization Violation'", names);
    }
  }
});

test('the routes of the cluster are closed to clients', async (t) => {
  const stack = await readTestStack();
  const { nats } = stack;
  const pass = readPassword(nats.users['admin']?.passwordFile ?? '');
  const routes = await Promise.all(watchedServers(stack).map(readRouteAddress));
  t.is(new Set([...routes, ...nats.servers]).size, 6);
  for (const route of routes) {
    for (const login of [{}, { user: 'admin', pass }, { user: 'route', pass }]) {
      t.regex(await logIn(route, login), /^-ERR 'Authorization Violation'/, route);
    }
  }
});

test('a server listens for clients and routes only, and answers no stranger', async (t) => {
  const stack = await readTestStack();
  for (const [index, server] of watchedServers(stack).entries()) {
    const pid = stack.pids[`nats-${index + 1}`] ?? 0;
    const known = [server.address, await readRouteAddress(server)].map((address) =>
      Number(address.split(':')[1]),
    );
    const open = await listeningPorts(pid);
    t.deepEqual(sorted(open), sorted(known), server.address);
    for (const port of known) {
      const asked = fetch(`http://127.0.0.1:${port}/varz`, { signal: AbortSignal.timeout(5_000) });
      await t.throwsAsync(asked, undefined, `${port} answers HTTP`);
    }
  }
});

function sorted(ports: readonly number[]): number[] {
  return ports.toSorted((a, b) => a - b);
}

/** A server's answer to a login: PONG or an error. */
async function logIn(address: string, login: object): Promise<string> {
  const { hostname, port } = new URL(`nats://${address}`);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setTimeout(5_000, () => socket.destroy(new Error(`${address} says nothing`)));
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, ...login })}\r\nPING\r\n`);
  let said = '';
  for await (const chunk of socket) {
    said += String(chunk);
    const answer = /^(?:PONG|-ERR .*)(?=\r\n)/m.exec(said)?.[0];
    if (answer !== undefined) return answer;
  }
  return `closed after ${said}`;
}

async function readRouteAddress(server: WatchedServer): Promise<string> {
  const { data } = await askServer(server, 'VARZ', {}, AbortSignal.timeout(5_000));
  if (!Value.Check(Route, data)) throw new Error('a server does not tell its route');
  return `${data.cluster.addr}:${data.cluster.cluster_port}`;
}

/** The TCP ports on which a process of this machine listens (Linux). */
async function listeningPorts(pid: number): Promise<number[]> {
  const sockets = new Set<string>();
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) sockets.add(inode);
  }
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n').map((row) => row.trim().split(/\s+/)));
  return rows.flatMap(([, local = '', , state, , , , , , inode = '']) =>
    state === LISTENS && sockets.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [],
  );
}

function readPassword(path: string): string {
  return readFileSync(path, 'utf8').trimEnd();
}
