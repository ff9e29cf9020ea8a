import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';

type CollectedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
};

const preload = new URL('./start.ts', import.meta.url).pathname;
const fixture = new URL('./start.fixture.ts', import.meta.url).pathname;

/** An OTLP collector over HTTP. `bodies` has the received requests. */
async function startCollector(t: ExecutionContext) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function runFixture(environment: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['--import', preload, fixture], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output.trim();
}

function spansIn(bodies: readonly string[]): CollectedSpan[] {
  type Export = { resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[] };
  return bodies
    .map((body) => JSON.parse(body) as Export)
    .flatMap((body) => body.resourceSpans)
    .flatMap((resource) => resource.scopeSpans)
    .flatMap((scope) => scope.spans);
}

test('one trace covers request, log and reader, and carries no body', async (t) => {
  const collector = await startCollector(t);
  const status = await runFixture({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  });
  t.is(status, 'traced 202');
  const spans = spansIn(collector.bodies);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const reader = spans.find(({ name }) => name === 'process ACCOUNTS');
  const append = byId.get(reader?.parentSpanId ?? '');
  t.is(append?.name, 'publish ACCOUNTS');
  const trace = '0af7651916cd43dd8448eb211c80319c';
  t.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([trace]));
  const incoming = spans.find(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331');
  t.regex(incoming?.name ?? '', /request|POST/);
  t.false(collector.bodies.join('').includes('vera'));
});

test('without an endpoint nothing is traced', async (t) => {
  t.is(await runFixture({}), 'untraced 202');
});
