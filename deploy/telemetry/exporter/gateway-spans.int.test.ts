import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import type { Span } from '../otlp/span.ts';
import { createTraceCodec } from '../otlp/trace-codec.ts';
import { renderFamilies } from './exposition.ts';
import type { GatewayRequest } from './gateway-log.ts';
import { toGatewaySpan } from './gateway-span.ts';
import { startGatewayListener } from './gateway-spans.ts';
import { createSpanSender, type SpanSenderOptions } from './span-sender.ts';

const codec = createTraceCodec();
const OPTIONS = { maxQueued: 4, maxBatch: 2, pauseMs: 1, deadlineMs: 2_000 } as const;

const request: GatewayRequest = {
  trace: '0af7651916cd43dd8448eb211c80319c',
  span: 'e6c0223dc9684baa',
  parent: '-',
  start: 1_795_750_510_645_015,
  end: 1_795_750_510_645_891,
  method: 'GET',
  status: 200,
  backend: 'query-api',
  server: 'query-api-1',
  queue: 0,
  connect: 0,
  response: 1,
  ended: '--',
};
const line = JSON.stringify(request);

test('a line of the gateway becomes a span at the receiver, and other lines are counted', async (t) => {
  const receiver = await startReceiver(t);
  const { send, figures } = await startListener(t, { url: receiver.url });
  await send('Proxy gateway started.');
  await send(`${line}\n`);
  await waitUntil(() => receiver.spans.length === 1);
  t.like(receiver.spans[0], { service: 'gateway', name: 'GET', spanId: 'e6c0223dc9684baa' });
  await waitUntil(async () => /^zameni_gateway_spans_total 1$/m.test(await figures()));
  t.regex(await figures(), /^zameni_gateway_log_dropped_total{reason="malformed"} 1$/m);
  t.regex(await figures(), /^zameni_gateway_log_dropped_total{reason="not_sent"} 0$/m);
});

test('a receiver that hangs costs no memory, and spans arrive again afterwards', async (t) => {
  const receiver = await startReceiver(t);
  receiver.hangs = true;
  const { send, figures } = await startListener(t, { url: receiver.url });
  const dropped = async () =>
    Number(
      /^zameni_gateway_log_dropped_total{reason="not_sent"} (\d+)$/m.exec(await figures())?.[1],
    );
  for (let sent = 0; sent < 20; sent += 1) await send(line);
  // Two are under way and four wait.
  await waitUntil(async () => (await dropped()) >= 14);
  await waitUntil(async () => (await dropped()) === 20);
  t.is(receiver.spans.length, 0);
  receiver.hangs = false;
  await send(line);
  await waitUntil(() => receiver.spans.length === 1);
  t.pass();
});

test('its end sends what waits', async (t) => {
  const receiver = await startReceiver(t);
  const sender = createSpanSender(codec, { ...OPTIONS, url: receiver.url, pauseMs: 60_000 });
  sender.offer(toGatewaySpan(request));
  await sender[Symbol.asyncDispose]();
  t.is(receiver.spans.length, 1);
});

test('an exporter with a faulty environment names every fault and exits with 78', async (t) => {
  const main = join(import.meta.dirname, 'main.ts');
  const env = { ZAMENI_PORT: 'none', ZAMENI_PGBOUNCER_URL: 'postgres://a@127.0.0.1/pgbouncer' };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  t.is(code, 78);
  t.regex(output, /ZAMENI_PORT is not valid: .*8165/);
  t.regex(output, /ZAMENI_PGBOUNCER_URL needs ZAMENI_PGBOUNCER_PASSWORD_FILE/);
});

async function startListener(t: ExecutionContext, { url }: Pick<SpanSenderOptions, 'url'>) {
  const sender = createSpanSender(codec, { ...OPTIONS, url });
  t.teardown(() => sender[Symbol.asyncDispose]());
  const listener = await startGatewayListener(sender, 0);
  t.teardown(() => listener[Symbol.asyncDispose]());
  const socket = createSocket('udp4');
  t.teardown(() => void socket.close());
  return {
    send: async (message: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.send(message, listener.port, '127.0.0.1', () => resolve());
      await promise;
    },
    figures: async () => renderFamilies(await listener.collect()),
  };
}

/** Takes requests of OTLP. While it hangs, it answers none. */
async function startReceiver(t: ExecutionContext) {
  const receiver = { url: '', hangs: false, spans: new Array<Span>() };
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = await buffer(request);
      if (receiver.hangs) return;
      if (request.url !== '/v1/traces') return void response.writeHead(404).end();
      receiver.spans.push(...codec.decode(body).spans);
      response.end();
    };
    // A sender that gave up is gone.
    answer().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
  receiver.url = `http://127.0.0.1:${address.port}`;
  return receiver;
}
