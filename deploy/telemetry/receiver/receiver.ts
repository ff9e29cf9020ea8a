import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createTraceCodec } from '../otlp/trace-codec.ts';
import { createForwarder, type RawRequest } from './forwarder.ts';
import { decompress, readBody, RefusedError } from './read-body.ts';
import { openSpanFile } from './span-file.ts';

/** Where the receiver listens, writes, and passes requests on to. */
export type ReceiverOptions = {
  /** Port 0 means any free one. */
  readonly port: number;
  readonly folder: string;
  /** The address of another receiver of OTLP/HTTP, for example `http://127.0.0.1:4318`. */
  readonly forwardTo?: string | undefined;
  readonly maxFileBytes?: number;
  /** Milliseconds for a whole request to arrive. */
  readonly requestDeadlineMs?: number;
  readonly onFault: (fault: unknown) => void;
};

/** A running receiver. Its end writes what it took. */
export type Receiver = AsyncDisposable & { readonly port: number };

const HOST = '127.0.0.1';
const MIB = 1024 * 1024;
const MAX_FILE_BYTES = 32 * MIB;
const MAX_QUEUED_BYTES = 16 * MIB;
const MAX_BODY_BYTES = 4 * MIB;
const MAX_UNPACKED_BYTES = 16 * MIB;

/** Requests under work. Senders repeat those that are refused. */
const MAX_REQUESTS = 16;

/** Milliseconds for a request to arrive, and for one that is passed on. */
const REQUEST_DEADLINE_MS = 5_000;

const MAX_FORWARDS = 64;
const PATH = '/v1/traces';

/**
 * Starts a receiver of traces over OTLP/HTTP (protobuf). Each finished span becomes a line of a
 * file. Senders never wait for the file or for the place that requests are passed on to: what these
 * do not take in time is dropped and counted. `GET /livez` shows the counts.
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { folder, forwardTo, maxFileBytes = MAX_FILE_BYTES, onFault } = options;
  const { requestDeadlineMs: requestTimeout = REQUEST_DEADLINE_MS } = options;
  const codec = createTraceCodec();
  await using opened = new AsyncDisposableStack();
  const file = opened.use(
    await openSpanFile({ folder, maxFileBytes, maxQueuedBytes: MAX_QUEUED_BYTES, onFault }),
  );
  const forwarder =
    forwardTo === undefined
      ? undefined
      : opened.use(
          createForwarder({
            url: new URL(PATH, forwardTo).href,
            deadlineMs: REQUEST_DEADLINE_MS,
            maxQueued: MAX_FORWARDS,
            maxQueuedBytes: MAX_QUEUED_BYTES,
            onFault,
          }),
        );
  let active = 0;
  let refused = 0;

  async function take(request: IncomingMessage): Promise<void> {
    const type = request.headers['content-type'] ?? '';
    if (!type.startsWith('application/x-protobuf')) {
      throw new RefusedError(415, 'the type is not application/x-protobuf');
    }
    const encoding = request.headers['content-encoding'];
    const body = await readBody(request, MAX_BODY_BYTES);
    const unpacked = await decompress(body, encoding, MAX_UNPACKED_BYTES);
    const decoded = decode(unpacked);
    refused += decoded.refused;
    file.write(decoded.spans);
    forwarder?.offer(toRaw(body, type, encoding));
  }

  function decode(bytes: Uint8Array) {
    try {
      return codec.decode(bytes);
    } catch {
      throw new RefusedError(400, 'the body is no request of OTLP');
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/livez') {
      const counts = { file: file.counts(), forward: forwarder?.counts() ?? null, refused };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(counts));
    } else if (request.url !== PATH || request.method !== 'POST') {
      throw new RefusedError(404, 'there are traces only');
    } else if (active >= MAX_REQUESTS) {
      response.setHeader('retry-after', '1');
      throw new RefusedError(503, 'too many requests at once');
    } else {
      active += 1;
      await take(request).finally(() => (active -= 1));
      // An empty message: everything was taken.
      response.setHeader('content-type', 'application/x-protobuf').end();
    }
  }

  const server = createServer(
    { requestTimeout, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      answer(request, response).catch((fault: unknown) => {
        if (!(fault instanceof RefusedError)) {
          // The sender went away, or was too slow.
          response.destroy();
          return;
        }
        response.shouldKeepAlive = false;
        response.writeHead(fault.status).end(fault.message);
      });
    },
  );
  server.listen(options.port, HOST);
  await once(server, 'listening');
  opened.defer(() => server.closeAllConnections());
  opened.defer(() => void server.close());
  const address = server.address();
  const resources = opened.move();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function toRaw(body: Uint8Array<ArrayBuffer>, type: string, encoding?: string): RawRequest {
  return {
    body,
    headers: {
      'content-type': type,
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
  };
}
