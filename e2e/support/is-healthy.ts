/** Whether a process says that it is well; one that is not there is not. */
export async function isHealthy(url: string, deadlineMs = 2_000): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(deadlineMs) })).ok;
  } catch {
    // Not there yet; whoever asks has a deadline.
    return false;
  }
}
