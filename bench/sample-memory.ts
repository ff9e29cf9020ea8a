import { readFileSync } from 'node:fs';

/** Resident memory of a process over time, in MiB. */
export type Memory = {
  /** Means of the second and of the last quarter of the samples; the first has the start. */
  readonly early: number;
  readonly late: number;
  readonly most: number;
};

const EVERY_MS = 200;
const KIB_IN_MIB = 1_024;

/** Samples the resident memory of a process while `work` runs. */
export async function sampleMemory<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly memory: Memory }> {
  const samples: number[] = [readResident(pid)];
  const timer = setInterval(() => samples.push(readResident(pid)), EVERY_MS);
  try {
    const result = await work();
    return { result, memory: summarize(samples) };
  } finally {
    clearInterval(timer);
  }
}

function summarize(samples: readonly number[]): Memory {
  const quarter = (n: number) =>
    samples.slice(Math.floor((n * samples.length) / 4), Math.ceil(((n + 1) * samples.length) / 4));
  const mean = (some: readonly number[]) => some.reduce((sum, one) => sum + one, 0) / some.length;
  return { early: mean(quarter(1)), late: mean(quarter(3)), most: Math.max(...samples) };
}

/** VmRSS in /proc/pid/status (proc(5)). */
function readResident(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / KIB_IN_MIB;
}
