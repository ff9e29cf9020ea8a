import { readFile } from 'node:fs/promises';
import { createPoolConsole } from '@zameni/runtime/pool-console';
import { createTraceCodec } from '../otlp/trace-codec.ts';
import type { ExporterConfig } from './config.ts';
import type { Collect } from './exposition.ts';
import { createCertificateCollector, createDiskCollector } from './files.ts';
import { startGatewayListener } from './gateway-spans.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';
import { createNatsCollector } from './nats.ts';
import { createPgbouncerCollector } from './pgbouncer.ts';
import { createSpanSender } from './span-sender.ts';

/** Milliseconds for one answer of a server. All are asked at once. */
const ANSWER_DEADLINE_MS = 800;

/** Spans are small: the queue takes 2 MB at most. */
const SPANS = { maxQueued: 4096, maxBatch: 512, pauseMs: 500, deadlineMs: 2_000 } as const;

/** Starts everything that the configuration names. */
export async function startExporter(config: ExporterConfig): Promise<MetricsServer> {
  const { host, port } = config;
  await using opened = new AsyncDisposableStack();
  const collectors: Collect[] = [
    createNatsCollector(await readServers(config.nats), ANSWER_DEADLINE_MS),
    createDiskCollector(config.folders, ANSWER_DEADLINE_MS),
    createCertificateCollector(config.certificates, ANSWER_DEADLINE_MS),
  ];
  if (config.pgbouncer !== null) {
    const { url, passwordFile } = config.pgbouncer;
    const password = await readPassword(passwordFile);
    const deadlineMs = ANSWER_DEADLINE_MS;
    const console = opened.use(createPoolConsole({ url, password, deadlineMs }));
    collectors.push(createPgbouncerCollector(console));
  }
  if (config.gateway !== null) {
    const { logPort, tracesUrl } = config.gateway;
    const sender = opened.use(createSpanSender(createTraceCodec(), { url: tracesUrl, ...SPANS }));
    const listener = opened.use(await startGatewayListener(sender, logPort));
    collectors.push(listener.collect);
  }
  const server = opened.use(await startMetricsServer(collectors, { host, port }));
  const resources = opened.move();
  return { port: server.port, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function readServers({ servers, user, passwordFile }: ExporterConfig['nats']) {
  if (servers.length === 0) return [];
  const password = await readPassword(passwordFile);
  return servers.map(({ name, place: address }) => ({ name, address, user, password }));
}

async function readPassword(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trimEnd();
}
