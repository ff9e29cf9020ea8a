/**
 * Which tests run when. A whole run of `npm test` goes through these groups:
 *
 * 1. The static checks, while the stack starts.
 * 2. `EARLY`, one file at a time.
 * 3. All others, three files at a time.
 * 4. `DISTURBING`, one file at a time. Beside them, two at a time, `UNIT_TESTS`.
 * 5. `QUIET`, one file at a time and with nothing beside.
 */

/**
 * Tests that read or fill the whole log, or read every file. They are the first on the stack, one by
 * one, while log and files are small. The search for bytes of claims runs before a rotation of the
 * pepper moves the claims.
 */
export const EARLY = [
  'e2e/guarantees/erasure-bytes.e2e.test.ts',
  // Its locales must be among the fifty most frequent ones, and the fuzz makes up hundreds.
  'e2e/guarantees/registration-stats.e2e.test.ts',
  'e2e/guarantees/pepper-rotation.e2e.test.ts',
  'e2e/guarantees/sealed-log.e2e.test.ts',
  'e2e/guarantees/key-rotation.e2e.test.ts',
  // The auditor compares the whole log after each return of a server.
  'e2e/guarantees/damaged-server.e2e.test.ts',
  'e2e/guarantees/all-or-nothing.e2e.test.ts',
  'e2e/guarantees/crash-recovery.e2e.test.ts',
  'e2e/guarantees/fail-over.e2e.test.ts',
  // Has three servers of its own, which took over a minute to start beside two other files.
  'e2e/guarantees/damaged-copy.e2e.test.ts',
  // Fills the log with as much as it holds.
  'e2e/guarantees/log-room.e2e.test.ts',
  'e2e/guarantees/rebuild.e2e.test.ts',
] as const;

/**
 * Tests that flood or kill parts of the stack and mostly wait. They follow those that share the stack,
 * one by one, because they would disturb each other.
 */
export const DISTURBING = [
  // Only one file at a time can take the mails of the stack.
  'e2e/guarantees/welcome-mail.e2e.test.ts',
  'e2e/guarantees/welcome-mail-faults.e2e.test.ts',
  'e2e/guarantees/clocks.e2e.test.ts',
  'e2e/guarantees/erasure-outage.e2e.test.ts',
  'e2e/guarantees/erasure-faults.e2e.test.ts',
  'e2e/guarantees/prometheus.e2e.test.ts',
  'e2e/guarantees/idempotency-faults.e2e.test.ts',
  'e2e/guarantees/imports.e2e.test.ts',
  'e2e/guarantees/soak.e2e.test.ts',
] as const;

/** Tests that compare times, or must come last. Each runs with nothing beside. */
export const QUIET = [
  'e2e/guarantees/anonymous-equality.e2e.test.ts',
  'e2e/guarantees/frozen-server.e2e.test.ts',
  'e2e/guarantees/conventions-database-away.e2e.test.ts',
  'e2e/guarantees/overload.e2e.test.ts',
  'e2e/guarantees/slow-collector.e2e.test.ts',
  // Leaves records in the log that nobody can read.
  'e2e/guarantees/poison-event.e2e.test.ts',
  // Replaces the projectors, and leaves events of a version that does not exist.
  'e2e/guarantees/doors-mixed-versions.e2e.test.ts',
  'e2e/guarantees/one-trace.e2e.test.ts',
  // Reads every span, metric and log line that the others left.
  'e2e/guarantees/telemetry-privacy.e2e.test.ts',
] as const;

const ORDER: readonly string[] = [...EARLY, ...DISTURBING, ...QUIET];

/**
 * Compares two paths within the repository: files that run one by one are in the order above. Others
 * stay as they are found, which spreads those that are much alike.
 */
export function compareFiles(one: string, other: string): number {
  return ORDER.indexOf(one) - ORDER.indexOf(other);
}

/** The files that have a long form. */
export const LONG_FILES = [
  'e2e/guarantees/fuzz*.e2e.test.ts',
  'e2e/guarantees/all-or-nothing.e2e.test.ts',
  'e2e/guarantees/crash-recovery.e2e.test.ts',
  'e2e/guarantees/damaged-copy.e2e.test.ts',
  'e2e/guarantees/welcome-mail-faults.e2e.test.ts',
  'e2e/guarantees/partition.e2e.test.ts',
  'e2e/guarantees/conventions-database-away.e2e.test.ts',
  'e2e/guarantees/one-winner-histories.e2e.test.ts',
  'e2e/guarantees/soak.e2e.test.ts',
  'e2e/guarantees/rebuild.e2e.test.ts',
  'e2e/guarantees/poison-event.e2e.test.ts',
] as const;

/** The files that a whole run leaves to a long one. */
export const LONG_ONLY: readonly string[] = ['e2e/guarantees/soak.e2e.test.ts'];

/** Tests that need nothing. */
export const UNIT_TESTS = '**/*.unit.test.ts';
