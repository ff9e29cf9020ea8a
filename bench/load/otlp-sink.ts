import { once } from 'node:events';
import { createServer } from 'node:http';

/** A collector that reads what it gets, and keeps nothing. */
export type OtlpSink = AsyncDisposable & { readonly url: string };

/** Starts a collector on loopback. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.setHeader('content-type', 'application/x-protobuf').end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
