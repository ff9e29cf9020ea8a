import { connect, type Socket } from 'node:net';
import { Problem } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import { headerOf, readAnswer } from '../fuzz/wire.ts';
import { attachSystem } from '../support/system.ts';

/** Milliseconds for the head and for the whole request, and the tolerance of a cut. */
const HEAD_DEADLINE_MS = 5_000;
const REQUEST_DEADLINE_MS = 10_000;
const LATE_MS = 3_000;

/** Slow clients held open while another client is served. */
const CROWD = 200;

const { gatewayUrl, stack } = await attachSystem();
const portOf = (name: string) => stack.services.find((each) => each.service === name)?.port ?? 0;
const places = [
  { place: 'the gateway', port: stack.gateway.port },
  { place: 'the command API', port: portOf('command-api') },
  { place: 'the query API', port: portOf('query-api') },
] as const;

const HEAD = 'POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const head = { deadlineMs: HEAD_DEADLINE_MS, drip: undefined } as const;
const request = { deadlineMs: REQUEST_DEADLINE_MS, drip: undefined } as const;
const slow = [
  { how: 'sends nothing', first: '', ...head },
  { how: 'stops in the head', first: HEAD, ...head },
  { how: 'drips its head', first: `${HEAD}X-A: `, deadlineMs: HEAD_DEADLINE_MS, drip: 'a' },
  { how: 'stops in the body', first: `${HEAD}Content-Length: 100\r\n\r\n{`, ...request },
  {
    how: 'drips its body',
    first: `${HEAD}Content-Length: 100\r\n\r\n{`,
    deadlineMs: REQUEST_DEADLINE_MS,
    drip: ' ',
  },
  {
    how: 'drips chunks',
    first: `${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
    deadlineMs: REQUEST_DEADLINE_MS,
    drip: '1\r\n \r\n',
  },
] as const;

/** Sends the first bytes, then a drip every quarter of a second, until the server ends it. */
async function sendSlowly(
  socket: Socket,
  first: string,
  drip: string | undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (first !== '') socket.write(first);
  const timer = setInterval(() => {
    if (drip !== undefined) socket.write(drip);
  }, 250);
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve());
    // A reset also means that the client was cut.
    socket.once('error', () => resolve());
  });
  clearInterval(timer);
  socket.destroy();
  return Buffer.concat(chunks);
}

for (const { place, port } of places) {
  for (const { how, first, deadlineMs, drip } of slow) {
    // The query API refuses the method without waiting for a body.
    if (place === 'the query API' && deadlineMs === REQUEST_DEADLINE_MS) continue;
    // HAProxy answers a slow head itself, before its configuration applies.
    const isOwnPage = place === 'the gateway' && deadlineMs === HEAD_DEADLINE_MS;
    test(`${place} cuts a client that ${how}`, async (t) => {
      t.timeout(30_000);
      const startedAt = performance.now();
      const received = await sendSlowly(connect(port, '127.0.0.1'), first, drip);
      const tookMs = performance.now() - startedAt;
      t.true(tookMs < deadlineMs + LATE_MS, `it took ${tookMs} ms`);
      t.true(tookMs > deadlineMs - 1_000, `it took only ${tookMs} ms`);
      const answer = readAnswer(received, false)?.answer;
      if (answer === undefined) return void t.is(received.length, 0);
      t.is(answer.status, 408);
      if (isOwnPage) return;
      t.is(headerOf(answer, 'content-type')?.split(';')[0], 'application/problem+json');
      const problem: unknown = JSON.parse(answer.body.toString('utf8'));
      t.is(createValidator(Problem)(problem), undefined);
      t.like(problem, { code: 'request-timeout', status: 408 });
    });
  }

  test(`${CROWD} slow clients of ${place} delay no other client`, async (t) => {
    const crowd = Array.from({ length: CROWD }, () => {
      const socket = connect(port, '127.0.0.1', () => socket.write(HEAD));
      socket.on('error', () => undefined);
      return socket;
    });
    t.teardown(() => {
      for (const socket of crowd) socket.destroy();
    });
    const startedAt = performance.now();
    const url = place === 'the gateway' ? gatewayUrl : `http://127.0.0.1:${port}`;
    const response = await fetch(`${url}/v1/nowhere`, { signal: AbortSignal.timeout(10_000) });
    t.is(response.status, 404);
    t.true(performance.now() - startedAt < 5_000);
  });
}
