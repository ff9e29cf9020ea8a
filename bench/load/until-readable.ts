import { randomUUID } from 'node:crypto';
import { createClient } from '@zameni/contracts';
import { toRegistration } from './registration-path.ts';
import { openTransport } from './transport.ts';

/** Maximum number of waits. Each has the longest time that the API allows. */
const MAX_WAITS = 10;
const WAIT = 'wait=30';

/**
 * Waits until the read model contains everything that was appended before. A measurement then
 * includes the projector's cost for its own load, and the next measurement does not.
 */
export async function untilReadable(baseUrl: string): Promise<void> {
  await using transport = openTransport(baseUrl);
  const client = createClient({ baseUrl, fetch: transport.fetch });
  for (let n = 0; n < MAX_WAITS; n += 1) {
    const body = toRegistration(`readable-${randomUUID()}`);
    const answer = await client.registerPerson({ body, headers: { Prefer: WAIT } });
    if (answer.status !== 202) throw new Error(`a registration was answered ${answer.status}`);
    if (answer.headers['Preference-Applied'] !== undefined) return;
  }
  throw new Error('the read model stays behind');
}
