/**
 * Milliseconds of processor that a synchronous function takes in its thread. Unlike the clock, it
 * does not count what a busy machine does meanwhile.
 */
export function measureCpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
