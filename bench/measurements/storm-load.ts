import { createClient } from '@zameni/contracts';
import { credentialsOf, type RegistrationPath, toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';

/**
 * What is sent beside the registrations that are measured: new people, which is no storm but as much;
 * addresses that have an account; the same `Idempotency-Key` and body again and again.
 */
export type Storm = 'fresh addresses' | 'duplicates' | 'retries';

/** What to send, to which processes, and how many requests at a time. */
export type StormOptions = {
  readonly storm: Storm;
  readonly path: RegistrationPath;
  readonly token: string;
  readonly urls: readonly string[];
  readonly senders: number;
  readonly prefix: string;
};

/** What became of a storm; `taken` are those that were told that another account has the address. */
export type StormResult = {
  readonly requests: number;
  readonly taken: number;
  readonly failed: number;
};

/** Addresses that duplicates and retries are about: odd, so that both of two processes meet each. */
const FEW = 63;

/** Keeps so many requests under way, by turns at each process, until it is stopped. */
export async function sendStorm(options: StormOptions, signal: AbortSignal): Promise<StormResult> {
  const { storm, path, token, urls, senders, prefix } = options;
  await using stack = new AsyncDisposableStack();
  const clients = urls.map((baseUrl) => {
    const transport = stack.use(openTransport(baseUrl));
    return createClient({ baseUrl, fetch: transport.fetch, ...credentialsOf(path, token) });
  });
  const success = path === 'vouched' ? 201 : 202;
  let requests = 0;
  let taken = 0;
  let failed = 0;

  async function sendOn(): Promise<void> {
    while (!signal.aborted) {
      const n = requests;
      requests += 1;
      const local = `${prefix}-${storm === 'fresh addresses' ? n : n % FEW}`;
      const key = `idempotency-key-of-registration-${local}`;
      const body = toRegistration(local);
      const headers = storm === 'retries' ? { 'Idempotency-Key': key } : {};
      const answer = await clients[n % clients.length]
        ?.registerPerson({ body, headers })
        .catch(() => undefined);
      if (answer?.status === 409 && storm === 'duplicates') taken += 1;
      else if (answer?.status !== success) failed += 1;
    }
  }

  await Promise.all(Array.from({ length: senders }, sendOn));
  return { requests, taken, failed };
}
