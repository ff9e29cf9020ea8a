import { once } from 'node:events';
import { createServer } from 'node:http';
import { type Collect, EXPOSITION_TYPE, renderFamilies } from './exposition.ts';

/** Where the figures are served. Port 0 means any free one. */
export type MetricsServerOptions = { readonly host: string; readonly port: number };

/** A server of figures. */
export type MetricsServer = AsyncDisposable & { readonly port: number };

const REQUEST_DEADLINE_MS = 5_000;

/** Serves `GET /metrics`, and `GET /livez` for a supervisor. */
export async function startMetricsServer(
  collectors: readonly Collect[],
  { host, port }: MetricsServerOptions,
): Promise<MetricsServer> {
  const collect = coalesce(async () => {
    const families = await Promise.all(collectors.map((one) => one()));
    return renderFamilies(families.flat());
  });
  const server = createServer((request, response) => {
    if (request.url === '/livez') return void response.end('ok\n');
    if (request.url !== '/metrics' || request.method !== 'GET') {
      return void response.writeHead(404).end();
    }
    collect().then(
      (text) => response.setHeader('content-type', EXPOSITION_TYPE).end(text),
      (fault: unknown) => {
        process.stderr.write(`${String(fault)}\n`);
        response.writeHead(500).end();
      },
    );
  });
  server.requestTimeout = REQUEST_DEADLINE_MS;
  server.headersTimeout = REQUEST_DEADLINE_MS;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Callers that come while a run is under way share its result. */
export function coalesce<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= run().finally(() => (running = undefined)));
}
