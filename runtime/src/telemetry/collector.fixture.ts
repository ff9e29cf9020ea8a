import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';

/** How a collector behaves. `hangs` takes requests and never answers. */
export type CollectorMood = 'answers' | 'hangs' | 'refuses';

/** An OTLP collector over HTTP. Texts of protobuf stand as they are in its bytes. */
export type Collector = {
  readonly url: string;
  readonly port: number;
  /** The bodies that were answered, as text. */
  readonly received: string[];
  /** Requests so far, also those that were not answered. */
  readonly requests: () => number;
  mood: CollectorMood;
  readonly stop: () => Promise<void>;
};

/** Starts a collector, on a given port if there is one. It ends with the test. */
export async function startCollector(
  t: ExecutionContext,
  { mood = 'answers', port = 0 }: { readonly mood?: CollectorMood; readonly port?: number } = {},
): Promise<Collector> {
  let requests = 0;
  const received: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    requests += 1;
    const body = await buffer(request);
    if (collector.mood === 'hangs') return;
    if (collector.mood === 'refuses') return void response.writeHead(503).end();
    received.push(body.toString('latin1'));
    response.setHeader('content-type', 'application/x-protobuf').end();
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  t.teardown(() => (server.listening ? stop() : undefined));
  const listening = (server.address() as AddressInfo).port;
  const collector: Collector = {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    received,
    requests: () => requests,
    mood,
    stop,
  };
  return collector;
}
