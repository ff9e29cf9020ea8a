import { PARK_REASONS, ReasonWord } from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, CommandError, EXIT, UsageError } from '../framework/command.ts';
import type { Interrupts } from '../framework/interrupts.ts';
import { type Io, toJsonLine } from '../framework/io.ts';
import { showSteps } from '../framework/steps.ts';
import { discard } from './discard.ts';
import type { OperatorPort } from './operator-port.ts';
import { redrive, type RedriveTarget } from './redrive.ts';
import type { OutcomeReport, ParkedReport } from './reports.ts';
import { toOutcomeTable, toParkedDetails, toParkedTable } from './text.ts';
import type { WaitOptions, SubjectOutcome } from './until-done.ts';

/** What `zameni parked` does. */
export const ACTIONS = ['ls', 'show', 'redrive', 'discard'] as const;
export type Action = (typeof ACTIONS)[number];

/** Options that only some actions take. The others are for all. */
const OPTIONS_OF = {
  ls: ['projection', 'reason', 'id'],
  show: [],
  redrive: ['all', 'reason', 'dry-run', 'wait'],
  discard: ['reason', 'position', 'dry-run', 'wait'],
} as const satisfies Record<Action, readonly string[]>;

/** Bounds of `--wait`. */
export const WAIT_SECONDS = { min: 0, max: 3_600, byDefault: 30 } as const;

/** Runs an action whose arguments were checked. */
export type Run = (port: OperatorPort, interrupts: Interrupts) => Promise<number>;

/** Checks the arguments of an action before anything is sent. Throws UsageError. */
export function prepare(action: Action, args: Arguments, io: Io): Run {
  refuseForeignOptions(action, args);
  switch (action) {
    case 'ls':
      return prepareList(args, io);
    case 'show':
      return prepareShow(args, io);
    case 'redrive':
      return prepareRedrive(args, io);
    case 'discard':
      return prepareDiscard(args, io);
    default:
      return action satisfies never;
  }
}

function prepareList(args: Arguments, io: Io): Run {
  if (args.objects.length > 0) throw new UsageError('ls takes no operand; --id selects an id');
  const given = {
    projection: args.value('projection'),
    reason: reasonOfPark(args),
    id: args.value('id'),
  };
  return async (port) => {
    const parked = [...(await port.list(given))];
    const report: ParkedReport = { parked };
    io.stdout.write(args.has('json') ? toLine(report) : toParkedTable(parked, io.stdout));
    return EXIT.done;
  };
}

function prepareShow(args: Arguments, io: Io): Run {
  const id = onlyId(args);
  return async (port) => {
    const parked = [...(await port.find(id))];
    if (parked.length === 0) throw new CommandError('not-parked', `${id} is not parked`);
    const report: ParkedReport = { parked };
    io.stdout.write(args.has('json') ? toLine(report) : toParkedDetails(parked, io.stdout));
    return EXIT.done;
  };
}

function prepareRedrive(args: Arguments, io: Io): Run {
  const ids = args.objects;
  const isAll = args.has('all');
  if (isAll === ids.length > 0) throw new UsageError('redrive takes ids, or --all instead');
  if (!isAll && args.value('reason') !== undefined) {
    throw new UsageError('--reason of redrive needs --all');
  }
  const target: RedriveTarget = isAll ? { reason: reasonOfPark(args) } : { ids };
  const options = changeOptions(args);
  return (port, interrupts) =>
    reportOutcomes(args, io, interrupts, (finish) =>
      redrive(port, target, { ...finish, ...options }),
    );
}

function prepareDiscard(args: Arguments, io: Io): Run {
  const id = onlyId(args);
  const reason = args.value('reason');
  if (reason === undefined || !Compile(ReasonWord).Check(reason)) {
    throw new UsageError('discard takes --reason with one lower-case word, such as lost-key');
  }
  const given = args.value('position');
  const bounds = { min: 1, max: 999_999_999_999_999, byDefault: 0 };
  const position = given === undefined ? undefined : parseInteger(args, 'position', bounds);
  const options = changeOptions(args);
  return (port, interrupts) =>
    reportOutcomes(args, io, interrupts, (finish) =>
      discard(port, { id, reason, position }, { ...finish, ...options }),
    );
}

function changeOptions(args: Arguments) {
  return {
    isDryRun: args.has('dry-run'),
    waitMs: 1_000 * parseInteger(args, 'wait', WAIT_SECONDS),
  };
}

type Change = (
  finish: Pick<WaitOptions, 'signal' | 'reportLeft'>,
) => Promise<readonly SubjectOutcome[]>;

/** Runs a change, prints what came of it, and returns the exit status. */
async function reportOutcomes(
  args: Arguments,
  io: Io,
  { signal }: Interrupts,
  change: Change,
): Promise<number> {
  const subjects = [...(await changeShowingSteps())];
  const report: OutcomeReport = { isDryRun: args.has('dry-run'), subjects };
  io.stdout.write(args.has('json') ? toLine(report) : toOutcomeTable(subjects, io.stdout));
  return subjects.every(({ outcome }) => GOOD.has(outcome)) ? EXIT.done : EXIT.failed;

  /** Removes the progress line before the report is printed. */
  async function changeShowingSteps() {
    using steps = showSteps(io.stderr);
    const reportLeft = (left: number) =>
      steps.reportStep('Waiting for the projector', `${left} left`);
    return await change({ signal, reportLeft });
  }
}

/** Outcomes after which nothing is left to do, or nothing was to be done. */
const GOOD: ReadonlySet<SubjectOutcome['outcome']> = new Set(['done', 'requested', 'untouched']);

function refuseForeignOptions(action: Action, args: Arguments): void {
  const own: ReadonlySet<string> = new Set(OPTIONS_OF[action]);
  const foreign = Object.values(OPTIONS_OF)
    .flat()
    .find((name) => !own.has(name) && (args.has(name) || args.value(name) !== undefined));
  if (foreign !== undefined) throw new UsageError(`${action} does not take --${foreign}`);
}

function onlyId(args: Arguments): string {
  const [id = '', ...more] = args.objects;
  if (id === '' || more.length > 0) throw new UsageError(`${args.operand} takes one id`);
  return id;
}

/** A reason that nothing is parked for would silently select nothing. */
function reasonOfPark(args: Arguments): string | undefined {
  const reason = args.value('reason');
  if (reason === undefined || Object.hasOwn(PARK_REASONS, reason)) return reason;
  const known = Object.keys(PARK_REASONS).join(', ');
  throw new UsageError(`--reason cannot be "${reason}". It is one of: ${known}`);
}

function toLine(report: ParkedReport | OutcomeReport): string {
  return toJsonLine(report);
}
