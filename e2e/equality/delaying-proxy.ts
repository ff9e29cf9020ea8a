import { Agent, createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The header with the milliseconds by which the proxy delays a request. */
export const DELAY_HEADER = 'planted-delay-ms';

/** A proxy in front of a process. */
export type DelayingProxy = AsyncDisposable & { readonly port: number };

/** Forwards requests to a port on one connection, and delays those that request it. */
export async function startDelayingProxy(targetPort: number): Promise<DelayingProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const server = createServer((request, response) => {
    const { [DELAY_HEADER]: delayMs, ...headers } = request.headers;
    const { method, url: path } = request;
    const forward = () => {
      const forwarded = ask({ host: '127.0.0.1', port: targetPort, agent, method, path, headers });
      forwarded.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      });
      forwarded.on('error', (error) => response.destroy(error));
      request.pipe(forwarded);
    };
    if (delayMs === undefined) forward();
    else setTimeout(forward, Number(delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A server that listens on a port has such an address.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
