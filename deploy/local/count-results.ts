import { stripVTControlCharacters } from 'node:util';

/** How many tests passed and failed. */
export type Counts = { readonly passed: number; readonly failed: number };

const PASSED = /^ {2}[✔√] /;
const FAILED = /^ {2}[✘×] (?!Timed out while running tests)/;
const PENDING = /^ {2}[◌*] /;
/** A line of its own; after it the details of failures follow, which may quote anything. */
const END_OF_LIST = /^ {2}─+$/;

/** Counts one line of AVA's list of results at a time. */
export function createResultCounter(): {
  readonly add: (line: string) => void;
  readonly finish: (exitCode: number | null) => Counts;
} {
  let passed = 0;
  let failed = 0;
  let isList = true;
  return {
    add: (line) => {
      const text = stripVTControlCharacters(line).trimEnd();
      isList &&= !END_OF_LIST.test(text);
      if (!isList) return;
      if (PASSED.test(text)) passed += 1;
      // A test that never ended is a failed one, and so is a file that broke outside its tests.
      if (FAILED.test(text) || PENDING.test(text)) failed += 1;
    },
    // A crash of the runner itself leaves no failed test behind, and an empty run proves nothing.
    finish: (exitCode) => ({
      passed,
      failed: failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : failed,
    }),
  };
}

/** Adds up counts. */
export function sumCounts(all: readonly Counts[]): Counts {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
  };
}
