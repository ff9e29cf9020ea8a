import { stripVTControlCharacters } from 'node:util';

/** How many tests passed and failed. */
export type Counts = { readonly passed: number; readonly failed: number };

/** The counts of one part of a run, and the output about its failures. */
export type Results = Counts & { readonly failures: readonly string[] };

/** Most lines shown of the failures of one part. Quotes of a test may be long. */
const MAX_FAILURE_LINES = 100;

const PASSED = /^ {2}[✔√] /;
const FAILED = /^ {2}[✘×] (?!Timed out while running tests)/;
const PENDING = /^ {2}[◌*] /;
/** A separate line. Details of failures follow it and may quote anything. */
const END_OF_LIST = /^ {2}─+$/;

/** Counts the results in AVA's list, one line at a time. */
export function createResultCounter(): {
  readonly add: (line: string) => void;
  readonly finish: (exitCode: number | null) => Results;
} {
  let passed = 0;
  let failed = 0;
  let isList = true;
  const details: string[] = [];
  return {
    add: (line) => {
      const text = stripVTControlCharacters(line).trimEnd();
      isList &&= !END_OF_LIST.test(text);
      if (!isList) {
        if (details.length < MAX_FAILURE_LINES) details.push(line);
        return;
      }
      if (PASSED.test(text)) passed += 1;
      // A test that never ended counts as failed, and so does a file that broke outside its tests.
      if (FAILED.test(text) || PENDING.test(text)) failed += 1;
    },
    // A crash of the runner itself leaves no failed test, and a run without tests proves nothing.
    finish: (exitCode) => {
      const isBroken = failed === 0 && (exitCode !== 0 || passed === 0);
      const hasFailed = isBroken || failed > 0;
      return {
        passed,
        failed: isBroken ? 1 : failed,
        failures: hasFailed ? [`AVA ended with ${exitCode ?? 'a signal'}`, ...details] : [],
      };
    },
  };
}

/** Adds up the parts of a run. */
export function sumResults(all: readonly Results[]): Results {
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    failures: all.flatMap(({ failures }) => failures),
  };
}
