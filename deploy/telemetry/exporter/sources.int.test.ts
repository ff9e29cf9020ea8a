import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { renderFamilies } from './exposition.ts';
import { createCertificateCollector, createDiskCollector } from './files.ts';
import { coalesce, startMetricsServer } from './metrics-server.ts';
import { createNatsCollector } from './nats.ts';
import { createPgbouncerCollector } from './pgbouncer.ts';

const DEADLINE_MS = 800;

/** What a server answers that leads a stream of three copies. */
const VARZ = { server_name: 'n1', connections: 7, mem: 23_687_168, slow_consumers: 2 };
const JSZ = {
  account_details: [
    {
      stream_detail: [
        {
          name: 'ACCOUNTS',
          config: { max_bytes: 1000 },
          state: { messages: 3, bytes: 300, first_seq: 2, last_seq: 9 },
          cluster: {
            leader: 'n1',
            replicas: [
              { name: 'n2', current: true, active: 1 },
              { name: 'n3', current: false, lag: 5 },
            ],
          },
        },
      ],
    },
  ],
};

const healthy: RequestListener = ({ url }, response) => {
  response.end(JSON.stringify(url === '/varz' ? VARZ : JSZ));
};

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
  const monitor = await startServer(t, healthy);
  const text = await render(createNatsCollector([{ name: 'n1', place: monitor }], DEADLINE_MS));
  t.deepEqual(text.match(/^[^#].*$/gm), [
    'nats_server_up{server="n1"} 1',
    'nats_server_connections{server="n1"} 7',
    'nats_server_memory_bytes{server="n1"} 23687168',
    'nats_server_slow_consumers_total{server="n1"} 2',
    'nats_stream_messages{server="n1",stream="ACCOUNTS"} 3',
    'nats_stream_bytes{server="n1",stream="ACCOUNTS"} 300',
    'nats_stream_max_bytes{server="n1",stream="ACCOUNTS"} 1000',
    'nats_stream_first_position{server="n1",stream="ACCOUNTS"} 2',
    'nats_stream_last_position{server="n1",stream="ACCOUNTS"} 9',
    'nats_stream_leader{server="n1",stream="ACCOUNTS"} 1',
    'nats_stream_replica_lag{server="n1",stream="ACCOUNTS",replica="n2"} 0',
    'nats_stream_replica_lag{server="n1",stream="ACCOUNTS",replica="n3"} 5',
    'nats_stream_replica_current{server="n1",stream="ACCOUNTS",replica="n2"} 1',
    'nats_stream_replica_current{server="n1",stream="ACCOUNTS",replica="n3"} 0',
  ]);
});

test('servers that are dead, hang or answer nonsense hide nothing of the others', async (t) => {
  const monitors = [
    { name: 'n1', place: await startServer(t, healthy) },
    { name: 'n2', place: 'http://127.0.0.1:1' },
    { name: 'n3', place: await startServer(t, () => undefined) },
    { name: 'n4', place: await startServer(t, (_, response) => response.end('{"mem":"a"}')) },
  ];
  const startedAt = performance.now();
  const text = await render(createNatsCollector(monitors, DEADLINE_MS));
  t.true(performance.now() - startedAt < DEADLINE_MS + 1_000);
  t.deepEqual(text.match(/^nats_server_up.*$/gm), [
    'nats_server_up{server="n1"} 1',
    'nats_server_up{server="n2"} 0',
    'nats_server_up{server="n3"} 0',
    'nats_server_up{server="n4"} 0',
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
  t.deepEqual((await render(createCertificateCollector(files))).match(/^[^#].*$/gm), [
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
  const text = await render(createDiskCollector(folders));
  const [free, size] = ['free', 'size'].map((what) =>
    Number(new RegExp(`^zameni_disk_${what}_bytes{folder="here"} (\\d+)$`, 'm').exec(text)?.[1]),
  );
  t.true(Number(free) > 0 && Number(free) <= Number(size));
  t.regex(text, /^zameni_exporter_readable{folder="nowhere"} 0$/m);
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

async function startServer(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
  return `http://127.0.0.1:${address.port}`;
}
