/** Whether a process reports itself healthy. False if it does not answer. */
export async function isHealthy(url: string, deadlineMs = 2_000): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(deadlineMs) })).ok;
  } catch {
    // It does not listen yet. The caller has a deadline.
    return false;
  }
}
