import { randomUUID } from 'node:crypto';
import { type ErrorCode, PROBLEM_TYPE_BASE, type UserId } from '@zameni/contracts';
import { createRegistrationIds, readKeyRing } from '@zameni/runtime';
import { type Probe, waitUntilReady } from '../supervisor/probe.ts';

const DEADLINE_MS = 15_000;
const PROBLEM_MEDIA_TYPE = /^application\/problem\+json\b/;

/** The gateway, and the key that checks ids: any other id would be looked for nowhere. */
export type WholePath = { readonly gatewayUrl: string; readonly registrationIdKey: string };

/**
 * Waits until the whole path from the gateway works. The command API must refuse a bad
 * registration. The query API must look for an unknown registration in cache, replica, primary and log.
 */
export async function probeWholePath(
  { gatewayUrl, registrationIdKey }: WholePath,
  signal: AbortSignal,
): Promise<void> {
  const ids = createRegistrationIds(readKeyRing(registrationIdKey));
  // A UUID is a user id.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const unknown = ids.fromRandom(randomUUID() as UserId);
  const invalid = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const probes: [string, Probe][] = [
    [
      'the command API behind the gateway',
      problemProbe(`${gatewayUrl}/v1/registrations`, 'invalid-request', invalid),
    ],
    [
      'the query API behind the gateway',
      problemProbe(`${gatewayUrl}/v1/registrations/${unknown}`, 'registration-not-found'),
    ],
  ];
  await Promise.all(
    probes.map(([what, probe]) => waitUntilReady(probe, { what, deadlineMs: DEADLINE_MS, signal })),
  );
}

/** Ready when a request is refused with the expected problem document. */
function problemProbe(url: string, code: ErrorCode, request: RequestInit = {}): Probe {
  return async (signal) => {
    const response = await fetch(url, { ...request, signal });
    const body = await response.text();
    const isProblem = PROBLEM_MEDIA_TYPE.test(response.headers.get('content-type') ?? '');
    if (!isProblem || !body.includes(`"${PROBLEM_TYPE_BASE}${code}"`)) {
      throw new Error(
        `${url} answers ${response.status} instead of ${code}: ${body.slice(0, 300)}`,
      );
    }
  };
}
