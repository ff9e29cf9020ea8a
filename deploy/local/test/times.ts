import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** The variable that names the file into which each test file writes how long it took. */
export const TIMES_FILE = 'ZAMENI_TEST_TIMES';

/** How long one test file ran, in milliseconds. */
export type TestTime = { readonly file: string; readonly ms: number };

const SLOWEST = 10;

/** Adds one file's time; each test process appends one line. */
export function addTestTime(path: string, time: TestTime): void {
  appendFileSync(path, `${JSON.stringify(time)}\n`);
}

/** The slowest test files of a run, one line each; none without a file of times. */
export function describeSlowest(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  // Written by addTestTime only.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const times = lines.map((line) => JSON.parse(line) as TestTime);
  return times
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ file, ms }) => `${(ms / 1_000).toFixed(1).padStart(8)} s  ${file}`);
}
