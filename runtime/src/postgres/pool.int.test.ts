import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createEmptyTestDatabase, createSilentLogger, waitUntil } from '../testing/index.ts';
import { createPool, type PoolOptions } from './pool.ts';

/** A way to the database that can be frozen: bytes are taken, and none comes out. */
type Way = { readonly url: string; readonly freeze: () => void; readonly thaw: () => void };

async function openWay(t: ExecutionContext, target: string): Promise<Way> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const set = (frozen: boolean) => {
    isFrozen = frozen;
    for (const socket of sockets) {
      if (frozen) socket.pause();
      else socket.resume();
    }
  };
  const server = createServer((client) => {
    const database = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
      if (isFrozen) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const url = new URL(target);
  if (address !== null && typeof address === 'object') url.host = `127.0.0.1:${address.port}`;
  return { url: url.href, freeze: () => set(true), thaw: () => set(false) };
}

const MAX = 3;
const DEADLINE_MS = 3_000;

async function setUp(t: ExecutionContext) {
  const { url, password } = await createEmptyTestDatabase(t);
  const way = await openWay(t, url);
  const options: PoolOptions = {
    url: way.url,
    password,
    max: MAX,
    name: 'test',
    logger: createSilentLogger(),
    queryDeadlineMs: DEADLINE_MS,
  };
  const pool = createPool(options);
  t.teardown(() => pool.end());
  const all = (sql: string) =>
    Promise.allSettled(Array.from({ length: MAX }, () => pool.query(sql)));
  await all('select 1');
  t.is(pool.idleCount, MAX);
  return { pool, way, all };
}

test('a connection whose query was given up leaves the pool', async (t) => {
  const { pool, way, all } = await setUp(t);
  way.freeze();
  const frozen = await all('select 1');
  t.deepEqual(new Set(frozen.map(({ status }) => status)), new Set(['rejected']));
  await waitUntil(() => pool.totalCount === 0);
  way.thaw();
  const thawed = await all('select 2');
  t.deepEqual(new Set(thawed.map(({ status }) => status)), new Set(['fulfilled']));
});

test('so does one that was taken for a transaction, and its lock does not stay', async (t) => {
  const { pool, way } = await setUp(t);
  const client = await pool.connect();
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock(7)');
  way.freeze();
  await t.throwsAsync(client.query('select 1'));
  client.release();
  t.is(pool.totalCount, MAX - 1);
  way.thaw();
  await waitUntil(async () => {
    const { rows } = await pool.query<{ free: boolean }>('select pg_try_advisory_lock(7) as free');
    return rows[0]?.free === true;
  });
  t.pass();
});
