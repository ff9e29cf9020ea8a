import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseInteger } from '../framework/arguments.ts';
import {
  type Arguments,
  CommandError,
  EXIT,
  type OptionSpec,
  UsageError,
} from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { listenForInterrupts } from '../framework/interrupts.ts';
import type { Io } from '../framework/io.ts';
import type { TendReport, Tending } from './tend.ts';

const MAX_LIFETIME_SECONDS = 30 * 24 * 3_600;

/** Options of `zameni keys tend`. */
export const tendOptions: readonly OptionSpec[] = [
  { name: 'watch', summary: 'tend: go on, look every five minutes, until SIGTERM or Ctrl-C' },
  {
    name: 'lifetime-seconds',
    value: '<seconds>',
    summary: 'tend: of attempts (default: ZAMENI_ATTEMPT_LIFETIME_SECONDS, else 604800)',
  },
  {
    name: 'file',
    value: '<path>',
    summary: "tend: the ring's file (default: that of the local stack)",
  },
];

/** Runs `zameni keys tend`; it needs nothing that runs, so that it can always be run. */
export async function tend(args: Arguments, io: Io): Promise<number> {
  if (args.object !== '' && args.object !== 'attempt') {
    throw new UsageError(`tend keeps the ring attempt only; ${args.object} is rotated`);
  }
  const [{ attemptLifetimeSeconds }, { hasChanged, keepTending, tendOnce, toTendText }] =
    await Promise.all([
      import('../../../deploy/local/secrets/attempt-keys.ts'),
      import('./tend.ts'),
    ]);
  const tending: Tending = {
    path: args.value('file') ?? (await localRing(args)),
    lifetimeSeconds: parseInteger(args, 'lifetime-seconds', {
      min: 1,
      max: MAX_LIFETIME_SECONDS,
      byDefault: attemptLifetimeSeconds(io.env),
    }),
  };
  if (!existsSync(dirname(tending.path))) {
    throw new CommandError('folder-missing', `there is no folder ${dirname(tending.path)}`);
  }
  const tell = (report: TendReport) => {
    io.stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : toTendText(report));
  };
  // Before the first look, so that a signal never ends it between the two.
  using interrupts = listenForInterrupts(() => undefined);
  const report = await tendOnce(tending, new Date());
  if (!args.has('watch')) {
    tell(report);
    return EXIT.done;
  }
  await using _lock = await lockKeeper(tending.path);
  if (hasChanged(report)) tell(report);
  if (io.stderr.isTerminal) io.stderr.write('Looking every five minutes; Ctrl-C ends.\n');
  await keepTending(tending, {
    signal: interrupts.signal,
    onChange: tell,
    onFault: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      io.stderr.write(`zameni keys: the ring was not tended, trying again: ${reason}\n`);
    },
  });
  // To be stopped is how it ends.
  return EXIT.done;
}

/** The ring of a profile, which the start makes before the stack describes itself. */
async function localRing(args: Arguments): Promise<string> {
  const [{ profileFolder }, { secretFiles }] = await Promise.all([
    import('../../../deploy/local/profile/profile.ts'),
    import('../../../deploy/local/secrets/secrets.ts'),
  ]);
  return secretFiles(join(profileFolder(profileOf(args)), 'secrets')).attemptKeys;
}

/** One keeper a ring: two would do no harm, but nobody could tell whether the one that counts runs. */
async function lockKeeper(path: string): Promise<AsyncDisposable> {
  const [{ lockFile }, { keeperLock }] = await Promise.all([
    import('../../../deploy/local/host/file-lock.ts'),
    import('../../../deploy/local/secrets/attempt-keys.ts'),
  ]);
  const lock = await lockFile(keeperLock(path));
  if (lock.status === 'taken') return lock;
  const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
  throw new CommandError('keeper-running', `${who} keeps this ring already`);
}
