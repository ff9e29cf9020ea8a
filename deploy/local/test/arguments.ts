import { matchesGlob, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { StackError } from '../output/stack-error.ts';

/** The options of `npm test`. */
export type TestArguments = {
  /** Files or patterns of each run of AVA. The runs follow each other. */
  readonly phases: readonly (readonly string[])[];
  /** Files or patterns that start what they need. They run beside the first phases. */
  readonly besideEarly: readonly string[];
  /** Files or patterns that need no servers. They run beside phases that mostly wait. */
  readonly besideDisturbing: readonly string[];
  /** Patterns of titles. */
  readonly titles: readonly string[];
  /** Whether to run the static checks too. True unless files or titles are chosen. */
  readonly withChecks: boolean;
  /** False if only unit tests are chosen, which need no servers. */
  readonly needsStack: boolean;
  /** Environment of the tests whose length and seed can be chosen. */
  readonly env: Readonly<Record<string, string>>;
  readonly help: boolean;
};

/** The text of `npm test -- --help`. */
export const TEST_HELP = `npm test -- [files] [options]

Checks format, lint and types and runs the tests of all tiers against servers of their own.
With files (or patterns such as '**/*.unit.test.ts') it runs only those, without the checks.

  --match TITLE   run the tests with matching titles; files that kill servers must be named too
  --long          run the long form of the tests that have one (crash-recovery: ten minutes)
  --seed NUMBER   repeat the random choices of the run that printed this seed
  --help          show this
`;

/**
 * Tests that read or fill the whole log, or read every file. Each runs alone before all others
 * that need the stack, while log and files are small. The search for bytes of claims runs before a rotation of the pepper
 * moves the claims.
 */
export const EARLY = [
  'e2e/guarantees/erasure-bytes.e2e.test.ts',
  // Its locales must be among the fifty most frequent ones, and the fuzz makes up hundreds.
  'e2e/guarantees/registration-stats.e2e.test.ts',
  'e2e/guarantees/pepper-rotation.e2e.test.ts',
  'e2e/guarantees/sealed-log.e2e.test.ts',
  // The auditor compares the whole log after each return of a server.
  'e2e/guarantees/damaged-server.e2e.test.ts',
  'e2e/guarantees/all-or-nothing.e2e.test.ts',
  'e2e/guarantees/crash-recovery.e2e.test.ts',
  'e2e/guarantees/fail-over.e2e.test.ts',
  // Fills the log with as much as it holds.
  'e2e/guarantees/log-room.e2e.test.ts',
  'e2e/guarantees/key-rotation.e2e.test.ts',
  'e2e/guarantees/rebuild.e2e.test.ts',
] as const;

/**
 * Tests that flood or kill parts of the stack and mostly wait. Each runs alone after those that share
 * the stack, because they would disturb each other. The unit tests run beside them.
 */
export const DISTURBING = [
  // Only one file at a time can take the mails of the stack.
  'e2e/guarantees/welcome-mail.e2e.test.ts',
  'e2e/guarantees/welcome-mail-faults.e2e.test.ts',
  'e2e/guarantees/clocks.e2e.test.ts',
  'e2e/guarantees/erasure-outage.e2e.test.ts',
  'e2e/guarantees/erasure-faults.e2e.test.ts',
  'e2e/guarantees/prometheus.e2e.test.ts',
  'e2e/guarantees/soak.e2e.test.ts',
] as const;

/** Tests that compare times, or must come last. Each runs with nothing beside. */
export const QUIET = [
  'e2e/guarantees/idempotency-faults.e2e.test.ts',
  'e2e/guarantees/anonymous-equality.e2e.test.ts',
  'e2e/guarantees/imports.e2e.test.ts',
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

/** The files that have a long form. */
const LONG_FILES = [
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
const LONG_ONLY: readonly string[] = ['e2e/guarantees/soak.e2e.test.ts'];

const LONG_ENV = {
  ZAMENI_ATOMIC_SECONDS: '300',
  ZAMENI_CRASH_SECONDS: '600',
  ZAMENI_CROWD_PEOPLE: '10000',
  ZAMENI_DAMAGE: 'all',
  ZAMENI_FROZEN_SECONDS: '60',
  ZAMENI_FUZZ_REQUESTS: '100000',
  ZAMENI_HISTORIES: '1200',
  ZAMENI_MAIL_PEOPLE: '10000',
  ZAMENI_PARTITION_SECONDS: '300',
  ZAMENI_SOAK_SECONDS: '300',
} as const;

const UNIT_TESTS = '**/*.unit.test.ts';

/** Tests that start the servers they need, or need programs only. None needs the stack. */
const SELF_SUFFICIENT = [
  'cli/src/{completion,keys,trace}/*.int.test.ts',
  'deploy/local/{host,inbox,install,output,parts,profile,supervisor}/*.int.test.ts',
  'deploy/telemetry/{collector,prometheus,receiver}/*.int.test.ts',
  'docs/*.int.test.ts',
  'projector/src/mailer/smtp/*.int.test.ts',
  'runtime/src/{auth,http,keys,load,process,security,telemetry,terminal}/**/*.int.test.ts',
] as const;

const MAX_SEED = 2 ** 32 - 1;

/** Parses the arguments of `npm test`. `newSeed` is the seed of a long run without `--seed`. */
export function parseTestArguments(args: readonly string[], newSeed: number): TestArguments {
  const { positionals, values } = parse(args);
  const { match: titles, long } = values;
  const files = positionals.length === 0 && long ? LONG_FILES : positionals;
  const isWhole = files.length === 0 && titles.length === 0;
  const seed = values.seed === undefined ? undefined : parseSeed(values.seed);
  const seeded = seed ?? (long ? newSeed : undefined);
  return {
    phases: toPhases(files, titles),
    besideEarly: isWhole ? SELF_SUFFICIENT : [],
    besideDisturbing: isWhole ? [UNIT_TESTS] : [],
    titles,
    withChecks: isWhole,
    needsStack: files.length === 0 || files.some((file) => !file.endsWith('.unit.test.ts')),
    env: {
      ...(long ? LONG_ENV : {}),
      ...(seeded === undefined ? {} : { ZAMENI_SEED: String(seeded) }),
    },
    help: values.help,
  };
}

function toPhases(files: readonly string[], titles: readonly string[]): string[][] {
  const alone: readonly string[] = [...EARLY, ...DISTURBING, ...QUIET];
  const others = files.filter((file) => !alone.includes(normalize(file)));
  const beside = [UNIT_TESTS, ...SELF_SUFFICIENT].map((pattern) => `!${pattern}`);
  const all = ['**/*.test.ts', ...(titles.length === 0 ? beside : [])];
  const together = files.length === 0 ? all : others;
  const chosen = (some: readonly string[]) =>
    some.filter((one) =>
      files.length === 0
        ? titles.length === 0 && !LONG_ONLY.includes(one)
        : files.some((file) => matchesGlob(one, normalize(file))),
    );
  return [
    ...chosen(EARLY).map((one) => [one]),
    ...(together.length === 0 ? [] : [[...together, ...alone.map((one) => `!${one}`)]]),
    ...chosen(DISTURBING).map((one) => [one]),
    ...chosen(QUIET).map((one) => [one]),
  ];
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= MAX_SEED) return seed;
  throw new StackError(`--seed takes a whole number from 0 to ${MAX_SEED}, not ${text}.`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        long: { type: 'boolean', default: false },
        seed: { type: 'string' },
        match: { type: 'string', multiple: true, default: [], short: 'm' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StackError(`${reason}\nnpm test -- --help shows the options.`, { cause });
  }
}
