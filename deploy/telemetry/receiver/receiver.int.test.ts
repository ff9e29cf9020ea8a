import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createTraceCodec } from '../otlp/trace-codec.ts';
import { spanOf } from '../otlp/span.fixture.ts';
import { readLinkingSpans, readSpans } from './read-spans.ts';
import { type ReceiverOptions, startReceiver } from './receiver.ts';
import { SPAN_FILES } from './span-file.ts';

const codec = createTraceCodec();
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

type Counts = {
  readonly file: { readonly written: number; readonly dropped: number };
  readonly forward: { readonly forwarded: number; readonly dropped: number } | null;
  readonly refused: number;
};

async function makeFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-traces-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function start(t: ExecutionContext, options: Partial<ReceiverOptions> = {}) {
  const folder = await makeFolder(t);
  const faults: unknown[] = [];
  const onFault = (fault: unknown) => void faults.push(fault);
  const receiver = await startReceiver({ port: 0, folder, onFault, ...options });
  t.teardown(() => receiver[Symbol.asyncDispose]());
  const base = `http://127.0.0.1:${receiver.port}`;
  const post = async (body: Uint8Array, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', body: Buffer.from(body), headers: { ...PROTOBUF, ...headers } };
    const answer = await fetch(`${base}/v1/traces`, init);
    await answer.arrayBuffer();
    return answer.status;
  };
  const counts = async () => (await (await fetch(`${base}/livez`)).json()) as Counts;
  return { ...receiver, folder, faults, base, post, counts };
}

/** A backend that answers as `answer` says, and the requests that it got. */
async function startBackend(
  t: ExecutionContext,
  answer: (response: ServerResponse) => void = (response) => void response.end(),
) {
  const got: { readonly body: Buffer; readonly headers: IncomingMessage['headers'] }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    got.push({ body: await buffer(request), headers: request.headers });
    answer(response);
  };
  const server = createServer((...pair) => void take(...pair)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return { got, url: `http://127.0.0.1:${address.port}` };
}

const spansIn = (folder: string, traceId?: string) => Array.fromAsync(readSpans(folder, traceId));

test('each span becomes a line, and requests are passed on as they came', async (t) => {
  const backend = await startBackend(t);
  const { folder, post, counts } = await start(t, { forwardTo: backend.url });
  const { traceId, spanId } = spanOf();
  const other = spanOf({
    traceId: 'f'.repeat(32),
    parentSpanId: 'e'.repeat(16),
    links: [{ traceId, spanId, attributes: {} }],
  });
  const packed = gzipSync(codec.encode([spanOf(), other]));
  t.is(await post(packed, { 'content-encoding': 'gzip' }), 200);
  t.is(await post(codec.encode([spanOf({ name: 'append' })])), 200);
  await waitUntil(async () => (await spansIn(folder)).length === 3 && backend.got.length === 2);
  t.deepEqual(await spansIn(folder, other.traceId), [other]);
  t.deepEqual(
    (await spansIn(folder, traceId)).map(({ name }) => name),
    ['decide', 'append'],
  );
  t.deepEqual(await Array.fromAsync(readLinkingSpans(folder, traceId)), [other]);
  t.deepEqual(backend.got[0]?.body, packed);
  t.like(backend.got[0]?.headers, { ...PROTOBUF, 'content-encoding': 'gzip' });
  t.is(backend.got[1]?.headers['content-encoding'], undefined);
  await waitUntil(async () => (await counts()).forward?.forwarded === 2);
  t.deepEqual(await counts(), {
    file: { written: 3, dropped: 0 },
    forward: { forwarded: 2, dropped: 0 },
    refused: 0,
  });
});

test('refuses what is no request of traces', async (t) => {
  const { post, base, folder, counts } = await start(t);
  t.is(await post(Buffer.from('no protobuf at all')), 400);
  t.is(await post(Buffer.from('no gzip'), { 'content-encoding': 'gzip' }), 400);
  t.is(await post(Buffer.from('{}'), { 'content-type': 'application/json' }), 415);
  t.is(await post(Buffer.alloc(0), { 'content-encoding': 'br' }), 415);
  t.is(await post(Buffer.alloc(5 * 1024 * 1024)), 413);
  const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024));
  t.is(await post(bomb, { 'content-encoding': 'gzip' }), 413);
  t.is((await fetch(`${base}/v1/metrics`, { method: 'POST' })).status, 404);
  t.is((await fetch(`${base}/v1/traces`)).status, 404);
  t.is(await post(codec.encode([spanOf({ spanId: 'ab' }), spanOf()])), 200);
  await waitUntil(async () => (await spansIn(folder)).length === 1);
  t.like(await counts(), { refused: 1 });
});

test('keeps the newest spans in files of a bounded size', async (t) => {
  const maxFileBytes = 4_096;
  const { folder, post, faults } = await start(t, { maxFileBytes });
  for (let n = 0; n < 60; n += 1) {
    t.is(await post(codec.encode([spanOf({ name: `span ${n}` })])), 200);
    await waitUntil(async () => (await spansIn(folder)).at(-1)?.name === `span ${n}`);
  }
  const files = await readdir(folder);
  t.deepEqual(files.toSorted(), SPAN_FILES.toSorted());
  for (const file of files) t.true((await stat(join(folder, file))).size <= maxFileBytes);
  const numbers = (await spansIn(folder)).map(({ name }) => Number(name.slice(5)));
  t.true(numbers.length < 60);
  t.deepEqual(
    numbers,
    numbers.map((_, n) => 60 - numbers.length + n),
  );
  t.deepEqual(faults, []);
});

test('goes on at the end of the file, and passes over a line that was cut off', async (t) => {
  const first = await start(t);
  await first.post(codec.encode([spanOf({ name: 'before' })]));
  await first[Symbol.asyncDispose]();
  await appendFile(join(first.folder, 'traces.ndjson'), '{"traceId":"cut o');
  const { post } = await start(t, { folder: first.folder });
  await post(codec.encode([spanOf({ name: 'after' })]));
  const read = async () => (await spansIn(first.folder)).map(({ name }) => name);
  await waitUntil(async () => (await read()).length === 2);
  t.deepEqual(await read(), ['before', 'after']);
});

test('a backend that does not answer holds nobody up and costs a bounded memory', async (t) => {
  const backend = await startBackend(t, () => undefined);
  const { post, counts, faults, folder } = await start(t, { forwardTo: backend.url });
  const body = codec.encode([spanOf()]);
  const startedAt = performance.now();
  for (let n = 0; n < 100; n += 1) t.is(await post(body), 200);
  // A sender that waited for the backend would wait for five seconds each time.
  t.true(performance.now() - startedAt < 60_000);
  await waitUntil(async () => (await spansIn(folder)).length === 100);
  const { forward } = await counts();
  t.is(forward?.forwarded, 0);
  // 64 may wait, and one is under way.
  t.true((forward?.dropped ?? 0) >= 100 - 64 - 1);
  t.true(faults.length <= 1);
});

test('passing on resumes when the backend is back, and says once that it failed', async (t) => {
  let isBroken = true;
  const backend = await startBackend(
    t,
    (response) => void response.writeHead(isBroken ? 503 : 200).end(),
  );
  const { post, counts, faults } = await start(t, { forwardTo: backend.url });
  for (const _ of [1, 2, 3]) await post(codec.encode([spanOf()]));
  await waitUntil(async () => (await counts()).forward?.dropped === 3);
  t.is(faults.length, 1);
  isBroken = false;
  await post(codec.encode([spanOf()]));
  await waitUntil(async () => (await counts()).forward?.forwarded === 1);
  t.is(faults.length, 1);
});

test('a file that cannot be written is reported, and senders are answered', async (t) => {
  const { post, counts, faults, folder } = await start(t);
  await rm(folder, { recursive: true });
  t.is(await post(codec.encode([spanOf()])), 200);
  await waitUntil(() => faults.length > 0);
  t.like(await counts(), { file: { written: 0, dropped: 1 } });
  await mkdir(folder);
  await post(codec.encode([spanOf()]));
  await waitUntil(async () => (await counts()).file.written === 1);
});

test('a sender that is slow is cut off', async (t) => {
  const { port } = await start(t, { requestDeadlineMs: 500 });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write('POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n');
  socket.write('Content-Length: 100\r\n\r\nslow');
  socket.resume();
  const startedAt = performance.now();
  await once(socket, 'close');
  t.true(performance.now() - startedAt < 30_000);
});

test('the program listens, writes, and ends at a signal', async (t) => {
  const folder = await makeFolder(t);
  const { port, [Symbol.asyncDispose]: free } = await start(t);
  await free();
  const program = join(import.meta.dirname, 'main.ts');
  const args = [program, '--port', `${port}`, '--folder', folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const base = `http://127.0.0.1:${port}`;
  const output = Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  await waitUntil(async () => (await fetch(`${base}/livez`).catch(() => undefined))?.ok === true);
  const body = Buffer.from(codec.encode([spanOf()]));
  await fetch(`${base}/v1/traces`, { method: 'POST', body, headers: PROTOBUF });
  child.kill('SIGTERM');
  await once(child, 'exit');
  t.is(child.exitCode, 0);
  t.is((await spansIn(folder)).length, 1);
  t.deepEqual((await output).map(String), ['', '']);
});
