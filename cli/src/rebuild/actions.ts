import { READ_MODELS, type ReadModel, type ReadModelsVersion, ReasonWord } from '@zameni/contracts';
import { Value } from 'typebox/value';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, CommandError, EXIT, UsageError } from '../framework/command.ts';
import { type Io, toJsonLine } from '../framework/io.ts';
import { showSteps } from '../framework/steps.ts';
import type { ReadModelsPort } from './port.ts';
import { toStep } from './progress.ts';
import type { RebuildReport } from './reports.ts';
import { toText } from './text.ts';
import { watchRebuild, type WatchOptions } from './watch.ts';

/** What `zameni rebuild` was asked to do. */
export type Action = (port: ReadModelsPort, watch: Watch) => Promise<RebuildReport>;

/** How a rebuild is watched, apart from what the arguments say. */
export type Watch = Omit<WatchOptions, 'onProgress' | 'waitMs'>;

/** Bounds of `--wait`. Without it the command waits until the rebuild is over. */
export const WAIT_SECONDS = { min: 0, max: 86_400, byDefault: Number.POSITIVE_INFINITY } as const;

/** Each asks for another change. */
const CHANGES = ['accept', 'back', 'drop-old', 'cancel'] as const;

/** They say how to begin a rebuild, or how to watch it. */
const OF_REBUILD = ['read-models', 'wait'] as const;

/** Whether the arguments ask to watch a rebuild, which goes on without the command. */
export function isWatching(args: Arguments): boolean {
  return !CHANGES.some((name) => isGiven(args, name));
}

/** Checks the arguments before anything is sent. Throws UsageError. */
export function toAction(args: Arguments, io: Io): Action {
  const given = [...CHANGES, ...OF_REBUILD].filter((name) => isGiven(args, name));
  if (!isWatching(args) && given.length > 1) {
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
  const waitMs = 1_000 * parseInteger(args, 'wait', WAIT_SECONDS);
  return async (port, watch) => {
    const begun = await beginOrAttach(port, readModels);
    if (waitMs === 0) return toReport(begun, 'requested');
    return toReport(await showProgress(port, begun, { ...watch, waitMs }, io), 'not-done');
  };
}

function isGiven(args: Arguments, name: string): boolean {
  return args.has(name) || args.value(name) !== undefined;
}

/** Runs an action and writes its report. Returns the exit status. */
export async function report(
  action: Promise<RebuildReport>,
  { isJson, io }: { readonly isJson: boolean; readonly io: Io },
): Promise<number> {
  const done = await action;
  io.stdout.write(isJson ? toJsonLine(done) : toText(done, io.stdout));
  return done.outcome === 'differs' || done.outcome === 'not-done' ? EXIT.failed : EXIT.done;
}

function toReadModels(list: string | undefined): readonly ReadModel[] | undefined {
  if (list === undefined) return undefined;
  const names = list.split(',');
  const known = READ_MODELS.filter((name) => names.includes(name));
  if (known.length !== names.length) {
    throw new UsageError(`--read-models takes some of ${READ_MODELS.join(',')}`);
  }
  return known;
}

const isBuilt = ({ state }: ReadModelsVersion) => state === 'building' || state === 'differs';

/** Returns the version under way, or a new one. */
async function beginOrAttach(
  port: ReadModelsPort,
  readModels: readonly ReadModel[] | undefined,
): Promise<ReadModelsVersion> {
  const present = (await port.list()).versions.find(isBuilt);
  if (present !== undefined && readModels !== undefined) {
    throw new CommandError(
      'rebuild-state',
      `version ${present.version} is under way: without --read-models it is watched, ` +
        '--cancel ends it',
    );
  }
  if (present !== undefined) return present;
  try {
    return await port.start(readModels);
  } catch (error) {
    // Somebody else was faster, or the answer to this very request was lost.
    const found = isRefusal(error) ? (await port.list()).versions.find(isBuilt) : undefined;
    if (found === undefined || readModels !== undefined) throw error;
    return found;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CommandError && error.code === 'rebuild-state';
}

/** Watches a rebuild, and removes the progress line before the report is printed. */
async function showProgress(
  port: ReadModelsPort,
  begun: ReadModelsVersion,
  watch: Omit<WatchOptions, 'onProgress'>,
  io: Io,
): Promise<ReadModelsVersion> {
  using steps = showSteps(io.stderr);
  const onProgress: WatchOptions['onProgress'] = (progress) =>
    steps.reportStep(...toStep(progress));
  return await watchRebuild(port, begun.version, { ...watch, onProgress });
}

function toReport(version: ReadModelsVersion, unfinished: 'requested' | 'not-done'): RebuildReport {
  if (version.state === 'building') return { outcome: unfinished, versions: [version] };
  const outcome = version.state === 'differs' ? 'differs' : 'switched';
  return { outcome, versions: [version] };
}

async function accept(port: ReadModelsPort, reason: string): Promise<RebuildReport> {
  const { versions } = await port.list();
  const found = versions.find(({ state }) => state === 'differs');
  if (found === undefined) throw new CommandError('rebuild-state', 'no version differs');
  return { outcome: 'switched', versions: [await port.accept(found.version, reason)] };
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
  const present = (await port.list()).versions.find(isBuilt);
  if (present === undefined) throw new CommandError('rebuild-state', 'no rebuild is under way');
  return { outcome: 'cancelled', versions: [await port.drop(present.version)] };
}
