import { assertHealthyServer, type WatchedServer } from '@zameni/runtime';

/** Whether a service is ready and reports no dependency as away. */
export async function isWhole(url: string, deadlineMs = 3_000): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(deadlineMs) });
    return (await answer.text()).endsWith('"missing":[],"degraded":[]}');
  } catch {
    // It does not listen yet. The caller has a deadline.
    return false;
  }
}

/** Whether a process reports itself healthy. False if it does not answer. */
export async function isHealthy(url: string, deadlineMs = 2_000): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(deadlineMs) })).ok;
  } catch {
    // It does not listen yet. The caller has a deadline.
    return false;
  }
}

/** Whether a server of the log calls itself healthy. False if it does not answer. */
export function isServerHealthy(server: WatchedServer, deadlineMs = 2_000): Promise<boolean> {
  return assertHealthyServer(server, AbortSignal.timeout(deadlineMs)).then(
    () => true,
    () => false,
  );
}
