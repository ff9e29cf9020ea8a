import { createClient } from '@zameni/contracts';
import { openTransport } from './transport.ts';

/** What is sent beside the registrations that are measured; the first is no storm, but as much. */
export type Storm = 'fresh addresses' | 'duplicates' | 'racing pairs';

/** What to send, to which processes, and how many pairs at a time. */
export type PairsOptions = {
  readonly storm: Storm;
  readonly urls: readonly string[];
  readonly pairs: number;
  readonly prefix: string;
};

/** Addresses that duplicates are about. */
const FEW = 64;

/**
 * Registers people in pairs, the two of a pair at the same moment at two processes, and the next pair
 * when both were answered, until it is stopped. Two of a race have one address that nobody had before.
 */
export async function sendPairs(
  { storm, urls, pairs, prefix }: PairsOptions,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly failed: number }> {
  await using stack = new AsyncDisposableStack();
  const clients = urls.map((baseUrl) => {
    const transport = stack.use(openTransport(baseUrl));
    return createClient({ baseUrl, fetch: transport.fetch });
  });
  let sent = 0;
  let requests = 0;
  let failed = 0;

  async function send(n: number, address: string): Promise<void> {
    const body = {
      email: `${prefix}-${address}@example.org`,
      displayName: 'Vera Marković',
      locale: 'sr-Latn-RS',
      termsVersion: '2026-01',
      profile: { city: 'Niš', newsletter: true },
    };
    const answer = await clients[n % clients.length]
      ?.registerPerson({ body })
      .catch(() => undefined);
    requests += 1;
    if (answer?.status !== 202) failed += 1;
  }

  async function sendOn(): Promise<void> {
    while (!signal.aborted) {
      sent += 2;
      const [one, other] = addressesOf(storm, sent);
      await Promise.all([send(0, one), send(1, other)]);
    }
  }

  await Promise.all(Array.from({ length: pairs }, sendOn));
  return { requests, failed };
}

function addressesOf(storm: Storm, n: number): readonly [string, string] {
  switch (storm) {
    case 'fresh addresses':
      return [`${n}`, `${n + 1}`];
    case 'duplicates':
      return [`${n % FEW}`, `${(n + 1) % FEW}`];
    case 'racing pairs':
      return [`${n}`, `${n}`];
    default:
      return storm satisfies never;
  }
}
