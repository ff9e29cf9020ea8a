import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds a process and everything below it have used so far. */
export type CpuSeconds = Readonly<Record<string, number>>;

/** Kernel ticks a second (USER_HZ), the same on every Linux. */
const TICKS_A_SECOND = 100;

/** CPU seconds by name, each over the whole tree of its processes; waited-for children count too. */
export function readCpu(pids: Readonly<Record<string, number>>): CpuSeconds {
  const processes = readProcesses();
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, sumTree(processes, pid) / TICKS_A_SECOND]),
  );
}

/** CPU milliseconds an operation between two readings, by name. */
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

/** Fields of /proc/pid/stat behind the name in parentheses (proc(5)): parent, four CPU times. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const times = fields.slice(11, 15).map(Number);
    return { pid, parent: Number(fields[1]), ticks: times.reduce((sum, time) => sum + time, 0) };
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
}

function sumTree(processes: readonly Process[], root: number): number {
  const own = processes.find(({ pid }) => pid === root)?.ticks ?? 0;
  const children = processes.filter(({ parent }) => parent === root);
  return children.reduce((sum, { pid }) => sum + sumTree(processes, pid), own);
}
