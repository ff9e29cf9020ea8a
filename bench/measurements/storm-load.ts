import { createClient } from '@zameni/contracts';
import { credentialsOf, type RegistrationPath, toRegistration } from '../load/registration-path.ts';
import { openTransport } from '../load/transport.ts';

/**
 * Requests that are sent beside the measured registrations: new people, as a control of the same
 * size; addresses that have an account; or repeats of the same `Idempotency-Key` and body.
 */
export type Storm = 'fresh addresses' | 'duplicates' | 'retries';

/** The kind of requests, the processes that get them, and the number of senders. */
export type StormOptions = {
  readonly storm: Storm;
  readonly path: RegistrationPath;
  readonly token: string;
  readonly urls: readonly string[];
  readonly senders: number;
  readonly prefix: string;
};

/** Result of a storm. `taken` counts the answers that another account has the address. */
export type StormResult = {
  readonly requests: number;
  readonly taken: number;
  readonly failed: number;
};

/** Addresses of duplicates and retries. The number is odd, so that two processes both get each. */
const FEW = 63;

/** Sends requests to each process in turn until the signal aborts; each sender has one pending. */
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
