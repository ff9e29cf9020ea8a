import { parseArgs } from 'node:util';
import { StackError } from './stack-error.ts';

/** What `npm test` was asked to run. */
export type TestArguments = {
  /** Files or patterns; none means all. */
  readonly files: readonly string[];
  /** Patterns of titles. */
  readonly titles: readonly string[];
  /** True when the static checks run too, as they do unless files or titles are chosen. */
  readonly withChecks: boolean;
  /** False when only unit tests are chosen, which need no servers. */
  readonly needsStack: boolean;
  readonly help: boolean;
};

/** The text of `npm test -- --help`. */
export const TEST_HELP = `npm test -- [files] [--match TITLE]

Checks format, lint and types and runs the tests of all tiers against servers of their own.
With files (or patterns such as '**/*.unit.test.ts') it runs only those, without the checks.
`;

/** Reads the arguments of `npm test`. */
export function parseTestArguments(args: readonly string[]): TestArguments {
  const { positionals: files, values } = parse(args);
  const titles = values.match;
  return {
    files,
    titles,
    withChecks: files.length === 0 && titles.length === 0,
    needsStack: files.length === 0 || files.some((file) => !file.endsWith('.unit.test.ts')),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        match: { type: 'string', multiple: true, default: [], short: 'm' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StackError(`${reason}\nnpm test -- --help shows the options.`, { cause });
  }
}
