import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Name of the variable with the file in which each test file records its duration. */
export const TIMES_FILE = 'ZAMENI_TEST_TIMES';

/** Duration of one test file, and the processor time of its process, in milliseconds. */
export type TestTime = { readonly file: string; readonly ms: number; readonly cpuMs: number };

const SLOWEST = 20;

/** Records one file's duration. Each test process appends one line. */
export function addTestTime(path: string, time: TestTime): void {
  appendFileSync(path, `${JSON.stringify(time)}\n`);
}

/**
 * Describes the slowest test files of a run, one per line. Returns none without a file of times.
 */
export function describeSlowest(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  // Written by addTestTime only.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const times = lines.map((line) => JSON.parse(line) as TestTime);
  return times
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ file, ms, cpuMs }) => `${toSeconds(ms)}, CPU ${toSeconds(cpuMs)}  ${file}`);
}

function toSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(6)} s`;
}
