import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds that each process and its descendants have used so far. */
export type CpuSeconds = Readonly<Record<string, number>>;

/** Kernel ticks per second (USER_HZ), the same on every Linux. */
const TICKS_A_SECOND = 100;

/** Reads the CPU seconds of each process tree. Children that have ended and been reaped count. */
export function readCpu(pids: Readonly<Record<string, number>>): CpuSeconds {
  const processes = readProcesses();
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, sumTree(processes, pid) / TICKS_A_SECOND]),
  );
}

/** Returns CPU milliseconds per operation between two readings, by name. */
export function cpuMsEach(
  before: CpuSeconds,
  after: CpuSeconds,
  operations: number,
): Readonly<Record<string, number>> {
  const entries = Object.entries(after).map(([name, seconds]) => {
    const ms = (seconds - (before[name] ?? 0)) * 1_000;
    return [name, ms / Math.max(1, operations)] as const;
  });
  return Object.fromEntries(entries);
}

type Process = { readonly pid: number; readonly parent: number; readonly ticks: number };

function readProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

/** Reads the parent and four CPU times that follow the name in /proc/pid/stat (proc(5)). */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const times = fields.slice(11, 15).map(Number);
    return { pid, parent: Number(fields[1]), ticks: times.reduce((sum, time) => sum + time, 0) };
  } catch {
    // The process ended after the folder was listed.
    return undefined;
  }
}

function sumTree(processes: readonly Process[], root: number): number {
  const own = processes.find(({ pid }) => pid === root)?.ticks ?? 0;
  const children = processes.filter(({ parent }) => parent === root);
  return children.reduce((sum, { pid }) => sum + sumTree(processes, pid), own);
}
