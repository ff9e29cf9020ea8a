import { READ_MODELS, type ReadModel, ReasonWord } from '@zameni/contracts';
import { Value } from 'typebox/value';
import { type Arguments, CommandError, EXIT, UsageError } from '../framework/command.ts';
import type { Io } from '../framework/io.ts';
import { showSteps } from '../framework/steps.ts';
import type { ReadModelsPort } from './port.ts';
import { toStep } from './progress.ts';
import type { RebuildReport } from './reports.ts';
import { toText } from './text.ts';
import { watchRebuild, type WatchOptions } from './watch.ts';

/** What `zameni rebuild` was asked to do. */
export type Action = (port: ReadModelsPort, watch: Watch) => Promise<RebuildReport>;

/** How a rebuild is watched, apart from the display. */
export type Watch = Omit<WatchOptions, 'onProgress'>;

const EXCLUSIVE = ['read-models', 'accept', 'back', 'drop-old', 'cancel'] as const;

/** Checks the arguments before anything is sent. Throws UsageError. */
export function toAction(args: Arguments, io: Io): Action {
  const given = EXCLUSIVE.filter((name) => args.has(name) || args.value(name) !== undefined);
  if (given.length > 1) {
    throw new UsageError(`--${given[0]} and --${given[1]} do not go together`);
  }
  if (args.has('back')) return goBack;
  if (args.has('drop-old')) return dropKept;
  if (args.has('cancel')) return cancel;
  const reason = args.value('accept');
  if (reason !== undefined) {
    if (!Value.Check(ReasonWord, reason)) {
      throw new UsageError('--accept takes one lower-case word, such as new-fold');
    }
    return (port) => accept(port, reason);
  }
  const readModels = toReadModels(args.value('read-models'));
  return (port, watch) => rebuild(port, readModels, watch, io);
}

/** Runs an action and writes its report. Returns the exit status. */
export async function report(
  action: Promise<RebuildReport>,
  { isJson, io }: { readonly isJson: boolean; readonly io: Io },
): Promise<number> {
  const done = await action;
  io.stdout.write(isJson ? `${JSON.stringify(done)}\n` : toText(done, io.stdout));
  return done.outcome === 'differs' ? EXIT.failed : EXIT.done;
}

function toReadModels(list: string | undefined): readonly ReadModel[] | undefined {
  if (list === undefined) return undefined;
  const names = list.split(',');
  const known = READ_MODELS.filter((name) => names.includes(name));
  if (known.length !== names.length || names.length === 0) {
    throw new UsageError(`--read-models takes some of ${READ_MODELS.join(',')}`);
  }
  return known;
}

/** Begins a rebuild, or attaches to the one under way, and watches it. */
async function rebuild(
  port: ReadModelsPort,
  readModels: readonly ReadModel[] | undefined,
  watch: Watch,
  io: Io,
): Promise<RebuildReport> {
  const { versions } = await port.list();
  const present = versions.find(({ state }) => state === 'building' || state === 'differs');
  if (present !== undefined && readModels !== undefined) {
    throw new CommandError(
      'rebuild-state',
      `version ${present.version} is under way: without --read-models it is watched, --cancel ends it`,
    );
  }
  const { version } = present ?? (await port.start(readModels));
  using steps = showSteps(io.stderr);
  const onProgress: WatchOptions['onProgress'] = (progress) =>
    steps.reportStep(...toStep(progress));
  const ended = await watchRebuild(port, version, { ...watch, onProgress });
  const outcome = ended.state === 'differs' ? 'differs' : 'switched';
  return { outcome, versions: [ended] };
}

async function accept(port: ReadModelsPort, reason: string): Promise<RebuildReport> {
  const { version } = await find(port, 'differs', 'no version differs');
  return { outcome: 'switched', versions: [await port.accept(version, reason)] };
}

async function goBack(port: ReadModelsPort): Promise<RebuildReport> {
  const { versions } = await port.list();
  // The one that was live last.
  const [newest] = versions
    .filter(({ state }) => state === 'kept')
    .toSorted((one, other) => other.changedAt.localeCompare(one.changedAt));
  if (newest === undefined) throw new CommandError('rebuild-state', 'no version is kept');
  return { outcome: 'went-back', versions: [await port.switchTo(newest.version)] };
}

async function dropKept(port: ReadModelsPort): Promise<RebuildReport> {
  const { versions } = await port.list();
  const dropped = [];
  for (const { state, version } of versions) {
    if (state === 'kept') dropped.push(await port.drop(version));
  }
  return { outcome: 'dropped', versions: dropped };
}

async function cancel(port: ReadModelsPort): Promise<RebuildReport> {
  const { versions } = await port.list();
  const present = versions.find(({ state }) => state === 'building' || state === 'differs');
  if (present === undefined) throw new CommandError('rebuild-state', 'no rebuild is under way');
  return { outcome: 'cancelled', versions: [await port.drop(present.version)] };
}

async function find(port: ReadModelsPort, state: 'differs', otherwise: string) {
  const found = (await port.list()).versions.find((each) => each.state === state);
  if (found === undefined) throw new CommandError('rebuild-state', otherwise);
  return found;
}
