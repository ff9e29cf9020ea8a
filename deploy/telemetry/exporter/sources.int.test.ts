import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WatchedServer, watchedServers } from '@zameni/runtime';
import { readTestStack } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { renderFamilies } from './exposition.ts';
import { createCertificateCollector, createDiskCollector } from './files.ts';
import { coalesce, startMetricsServer } from './metrics-server.ts';
import { createNatsCollector } from './nats.ts';
import { createPgbouncerCollector } from './pgbouncer.ts';

const DEADLINE_MS = 3_000;

/** A certificate that nobody trusts, valid until 2126-11-03T03:41:32Z. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUfQ7eqm4fYNa3wiTO1uQ8YhP06PcwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjcwMzQxMzJaGA8yMTI2MTEwMzAzNDEz
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBcL
vG/TOt3ElkPAOsOkOk9teTn2l77hR8OrCbO/GqIT5s6tg9w3hkBsbDXlO6nE48ju
0sCb3LsizOG5EWws7ZyjUzBRMB0GA1UdDgQWBBRUUI0+LcdL22zPuYFzo2RB6MAZ
ZjAfBgNVHSMEGDAWgBRUUI0+LcdL22zPuYFzo2RB6MAZZjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIHNQHfOXl/HBOmj9DHFnXo/B4C6kWUBbwLB9
bmUrsdK/AiBchNPtSJwdYzi3oQXPDAuU7ZrODOWX7aOgrNmITiTK6w==
-----END CERTIFICATE-----
`;

test('reports every server, and a stream of the server that leads it', async (t) => {
  const { text } = await renderServers(watchedServers(await readTestStack()));
  for (const server of ['n1', 'n2', 'n3']) {
    t.is(figure(text, `nats_server_up{server="${server}"}`), 1);
    t.true(figure(text, `nats_server_connections{server="${server}"}`) > 0);
    t.true(figure(text, `nats_server_memory_bytes{server="${server}"}`) > 1e6);
    t.true(figure(text, `nats_server_slow_consumers_total{server="${server}"}`) >= 0);
    const labels = `{server="${server}",stream="ACCOUNTS"}`;
    t.true(figure(text, `nats_stream_messages${labels}`) >= 0);
    t.true(figure(text, `nats_stream_bytes${labels}`) >= 0);
    t.true(figure(text, `nats_stream_max_bytes${labels}`) > 1e6);
    t.true(figure(text, `nats_stream_first_position${labels}`) >= 0);
    t.true(figure(text, `nats_stream_last_position${labels}`) >= 0);
  }
  const leaders = text.match(/^nats_stream_leader{server="n\d",stream="ACCOUNTS"} 1$/gm);
  t.is(leaders?.length, 1);
  const leader = /server="(n\d)"/.exec(leaders?.[0] ?? '')?.[1];
  const replicas = ['n1', 'n2', 'n3'].filter((name) => name !== leader);
  for (const name of ['nats_stream_replica_lag', 'nats_stream_replica_current']) {
    for (const replica of replicas) {
      const labels = `{server="${leader}",stream="ACCOUNTS",replica="${replica}"}`;
      t.true(figure(text, `${name}${labels}`) >= 0);
    }
  }
});

test('servers that are dead, hang, refuse or answer nonsense hide nothing of the others', async (t) => {
  const [live] = watchedServers(await readTestStack());
  if (live === undefined) return t.fail('no server');
  const { text, ms } = await renderServers([
    live,
    { ...live, address: '127.0.0.1:1' },
    { ...live, address: await startServer(t, () => undefined) },
    { ...live, password: 'wrong' },
    { ...live, address: await startServer(t, (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n')) },
  ]);
  t.true(ms < 2 * DEADLINE_MS);
  t.deepEqual(text.match(/^nats_server_up.*$/gm), [
    'nats_server_up{server="n1"} 1',
    'nats_server_up{server="n2"} 0',
    'nats_server_up{server="n3"} 0',
    'nats_server_up{server="n4"} 0',
    'nats_server_up{server="n5"} 0',
  ]);
  t.is(text.match(/^nats_server_connections.*$/gm)?.length, 1);
});

test('reports the end of a certificate, and a file that is none', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-exporter-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const place = join(folder, 'gateway.pem');
  await writeFile(place, CERTIFICATE);
  const files = [
    { name: 'gateway', place },
    { name: 'nats', place: folder },
  ];
  t.deepEqual((await render(createCertificateCollector(files, DEADLINE_MS))).match(/^[^#].*$/gm), [
    'zameni_exporter_readable{file="gateway"} 1',
    'zameni_exporter_readable{file="nats"} 0',
    `zameni_certificate_not_after_seconds{file="gateway"} ${Date.UTC(2126, 10, 3, 3, 41, 32) / 1000}`,
  ]);
});

test('reports the disk of a folder', async (t) => {
  const folders = [
    { name: 'here', place: import.meta.dirname },
    { name: 'nowhere', place: '/none/such' },
  ];
  const text = await render(createDiskCollector(folders, DEADLINE_MS));
  const [free, size] = ['free', 'size'].map((what) =>
    Number(new RegExp(`^zameni_disk_${what}_bytes{folder="here"} (\\d+)$`, 'm').exec(text)?.[1]),
  );
  t.true(Number(free) > 0 && Number(free) <= Number(size));
  t.regex(text, /^zameni_exporter_readable{folder="nowhere"} 0$/m);
});

test('a disk that hangs counts as unreadable, and is not asked twice at once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-exporter-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const place = join(folder, 'pipe.pem');
  // Reading a pipe waits for its writer, as reading a file of a stuck disk waits for the disk.
  execFileSync('mkfifo', [place]);
  const collect = createCertificateCollector([{ name: 'stuck', place }], 50);
  t.regex(await render(collect), /^zameni_exporter_readable{file="stuck"} 0$/m);
  t.regex(await render(collect), /^zameni_exporter_readable{file="stuck"} 0$/m);
  // One writer ends one read. A second read would keep this process.
  await writeFile(place, CERTIFICATE);
});

test('reports a pool that cannot be asked, or has other columns, as down', async (t) => {
  const down = async (show: () => Promise<unknown>) => render(createPgbouncerCollector({ show }));
  t.regex(await down(() => Promise.reject(new Error('no console'))), /^pgbouncer_up 0$/m);
  t.regex(await down(() => Promise.resolve([{ database: 'zameni_rw' }])), /^pgbouncer_up 0$/m);
});

test('callers at the same time share one run', async (t) => {
  let runs = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const shared = coalesce(async () => {
    runs += 1;
    return promise;
  });
  const both = [shared(), shared()];
  resolve(1);
  t.deepEqual(await Promise.all(both), [1, 1]);
  await shared();
  t.is(runs, 2);
});

test('serves figures and nothing else', async (t) => {
  const server = await startMetricsServer([async () => []], { host: '127.0.0.1', port: 0 });
  t.teardown(() => server[Symbol.asyncDispose]());
  const ask = async (path: string) =>
    (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
  t.deepEqual([await ask('/metrics'), await ask('/livez'), await ask('/')], [200, 200, 404]);
});

async function render(collect: ReturnType<typeof createDiskCollector>): Promise<string> {
  return renderFamilies(await collect());
}

/** What the servers report, by names in their order, and how long that took. */
async function renderServers(servers: readonly WatchedServer[]) {
  const named = servers.map((server, index) => ({ ...server, name: `n${index + 1}` }));
  const startedAt = performance.now();
  const text = await render(createNatsCollector(named, DEADLINE_MS));
  return { text, ms: performance.now() - startedAt };
}

function figure(text: string, series: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

async function startServer(
  t: ExecutionContext,
  onConnect: (socket: Socket) => void,
): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnect(socket);
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
