import { PATIENCE_MS } from '@zameni/runtime/testing';
import { Agent, request as ask } from 'node:http';
import { performance } from 'node:perf_hooks';

/** The parts of an answer that a stranger sees. */
export type Seen = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly ms: number;
};

type Headers = Readonly<Record<string, string | number>>;

/** A client without a token, on one connection that is kept alive. */
export type Stranger = Disposable & {
  readonly post: (path: string, body: object, headers?: Headers) => Promise<Seen>;
};

/** A stranger who sends requests to a port of this machine. */
export function createStranger(port: number): Stranger {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    post: (path, body, more = {}) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify(body);
        const headers = {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...more,
        };
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const options = { host: '127.0.0.1', port, path, method: 'POST', agent, headers, signal };
        const began = performance.now();
        const request = ask(options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: Object.fromEntries(
                Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
              ),
              body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
              ms: performance.now() - began,
            }),
          );
        });
        request.on('error', reject);
        request.end(text);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}
