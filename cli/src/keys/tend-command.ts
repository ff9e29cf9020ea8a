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
import { type Io, toJsonLine } from '../framework/io.ts';
import type { TendReport, Tending } from './tend.ts';

const MAX_LIFETIME_SECONDS = 30 * 24 * 3_600;

/** Options of `zameni keys tend`. */
export const tendOptions: readonly OptionSpec[] = [
  { name: 'watch', summary: 'tend: keep running and check every five minutes' },
  {
    name: 'lifetime-seconds',
    value: '<seconds>',
    summary: 'tend: lifetime of attempts (default: ZAMENI_ATTEMPT_LIFETIME_SECONDS or 604800)',
  },
  {
    name: 'file',
    value: '<path>',
    summary: "tend: the ring's file (default: that of the local stack)",
  },
];

/** Runs `zameni keys tend`. It needs no running process, so it always works. */
export async function tend(args: Arguments, io: Io): Promise<number> {
  if (args.object !== '' && args.object !== 'attempt') {
    throw new UsageError(`tend is only for the ring attempt; ${args.object} is rotated`);
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
  const print = (report: TendReport) => {
    io.stdout.write(args.has('json') ? toJsonLine(report) : toTendText(report));
  };
  // Before the ring is changed, so that a signal never interrupts the change.
  using interrupts = listenForInterrupts(() => undefined);
  const report = await tendOnce(tending, new Date());
  if (!args.has('watch')) {
    print(report);
    return EXIT.done;
  }
  await using _lock = await lockKeeper(tending.path);
  if (hasChanged(report)) print(report);
  if (io.stderr.isTerminal) io.stderr.write('Checking every five minutes; Ctrl-C ends.\n');
  await keepTending(tending, {
    signal: interrupts.signal,
    onChange: print,
    onFault: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      io.stderr.write(`zameni keys: the ring was not tended, trying again: ${reason}\n`);
    },
  });
  // A signal is the normal end.
  return EXIT.done;
}

/** Returns the path of a profile's ring, which exists before the stack's description does. */
async function localRing(args: Arguments): Promise<string> {
  const [{ profileFolder }, { secretFiles }] = await Promise.all([
    import('../../../deploy/local/profile/names.ts'),
    import('../../../deploy/local/secrets/files.ts'),
  ]);
  return secretFiles(join(profileFolder(profileOf(args)), 'secrets')).attemptKeys;
}

/** Allows one keeper per ring. The lock shows whether it runs; two keepers would do no harm. */
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
