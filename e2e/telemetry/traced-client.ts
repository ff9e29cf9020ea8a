import { type Client, createClient } from '@zameni/contracts';
import type { CallerTrace } from './traceparent.ts';

/** Where a client's requests go, and who sends them. */
export type TracedClientOptions = { readonly baseUrl: string; readonly token?: string };

/** Creates a client whose requests belong to a caller's trace. */
export function createTracedClient(
  { traceparent }: Pick<CallerTrace, 'traceparent'>,
  { baseUrl, token }: TracedClientOptions,
): Client {
  return createClient({
    baseUrl,
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('traceparent', traceparent);
      return fetch(input, { ...init, headers });
    },
    ...(token === undefined ? {} : { token }),
  });
}
