import { matchesGlob, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { StackError } from '../output/stack-error.ts';
import { DISTURBING, EARLY, LONG_FILES, LONG_ONLY, QUIET, UNIT_TESTS } from './phases.ts';

/** One run of AVA: its files or patterns. Only `shared` runs several files at once. */
export type Phase = {
  readonly name: 'early' | 'shared' | 'disturbing' | 'quiet';
  readonly files: readonly string[];
};

/** The options of `npm test`. */
export type TestArguments = {
  /** The runs of AVA, which follow each other. None is empty. */
  readonly phases: readonly Phase[];
  /** Files or patterns that need no servers. They run beside the phase `disturbing`. */
  readonly beside: readonly string[];
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
    beside: isWhole ? [UNIT_TESTS] : [],
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

function toPhases(files: readonly string[], titles: readonly string[]): Phase[] {
  const alone: readonly string[] = [...EARLY, ...DISTURBING, ...QUIET];
  const others = files.filter((file) => !alone.includes(normalize(file)));
  const all = ['**/*.test.ts', ...(titles.length === 0 ? [`!${UNIT_TESTS}`] : [])];
  const together = files.length === 0 ? all : others;
  const chosen = (some: readonly string[]) =>
    some.filter((one) =>
      files.length === 0
        ? titles.length === 0 && !LONG_ONLY.includes(one)
        : files.some((file) => matchesGlob(one, normalize(file))),
    );
  const leftOut = alone.map((one) => `!${one}`);
  const phases: Phase[] = [
    { name: 'early', files: chosen(EARLY) },
    { name: 'shared', files: together.length === 0 ? [] : [...together, ...leftOut] },
    { name: 'disturbing', files: chosen(DISTURBING) },
    { name: 'quiet', files: chosen(QUIET) },
  ];
  return phases.filter((phase) => phase.files.length > 0);
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
