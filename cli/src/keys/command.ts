import { DEADLINES, longestCommitMs } from '@zameni/runtime';
import { readStack } from '@zameni/runtime/stack';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, type Command, EXIT, UsageError } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';
import { type Interrupts, listenForInterrupts } from '../framework/interrupts.ts';
import { alignColumns, type Io } from '../framework/io.ts';
import { showSteps } from './progress.ts';
import { type RingName, RINGS } from './rings.ts';
import type { RotationReport } from './rotate.ts';
import { tend, tendOptions } from './tend-command.ts';

const names = Object.keys(RINGS);
const rings = alignColumns(
  Object.entries(RINGS).map(([name, { purpose }]) => [`  ${name}`, purpose]),
);

const GRACE_SECONDS = { min: 1, max: 3_600, byDefault: DEADLINES.rotationGrace / 1_000 } as const;
/** More than the seven days that a link lives by default. */
const KEEP_DAYS = { min: 0, max: 400, byDefault: 8 } as const;
const DAY_MS = 24 * 3_600 * 1_000;

/** `zameni keys`: lists the keys by their ids, rotates them, and keeps those of attempts. */
export const keysCommand: Command = {
  name: 'keys',
  summary: 'list, rotate and tend the keys, for the local stack',
  operand: { name: 'action', choices: ['list', 'rotate', 'tend'] },
  object: { name: 'ring', choices: names },
  options: [
    {
      name: 'grace',
      value: '<seconds>',
      summary: `kek, pepper: ${GRACE_SECONDS.min} to ${GRACE_SECONDS.max} for what is under way to end (default: ${GRACE_SECONDS.byDefault})`,
    },
    {
      name: 'keep',
      value: '<days>',
      summary: `others: ${KEEP_DAYS.min} to ${KEEP_DAYS.max} that older keys are kept (default: ${KEEP_DAYS.byDefault})`,
    },
    { name: 'finish', summary: 'others: only remove what was kept long enough' },
    ...tendOptions,
    jsonOption,
    profileOption,
  ],
  description: `
list prints the ids of the keys of each ring, or of one: which is current, since
when, and how many records of the log each key-encryption key wraps. A key itself
is never printed.

rotate adds a key to a ring, waits until every process has read it, and makes it
the current one. Registration goes on all the while. A rotation that was cut off
goes on when the command is run again.

kek: the projector then wraps every person's key anew and deletes the older
record. When nothing in the log is wrapped by an older key, and --grace has passed
since every process used the new one (a commit under way takes 24 seconds at most;
a shorter grace is for a log that answers at once and processes that nobody
pauses), the log is read once more, the older key is removed from the ring and its
bytes are overwritten in the file. A file system that copies on write, an SSD and
backups may still hold it: destroy backups of the ring's file too.

pepper: claims on addresses move to subjects made with the new pepper, in six
phases; --grace passes in four of them. Every process and every server of the log
must answer in each. The older peppers stay in the ring, the new subjects are made
upon them; what is destroyed is every claim that they alone would find. Until it
is over a release costs one more message, for a while a registration does too.

verification, position: the older key stays readable for --keep days, more than
links live (ZAMENI_ATTEMPT_LIFETIME_SECONDS); a later run or --finish removes it.
--keep 0 removes it at once, which makes worthless what a stolen key signed.

tend keeps the ring attempt, which has a key for each day (UTC): it makes those of
today and the next seven days, and destroys each a day after the last attempt that
it sealed has expired, overwriting its bytes in the file. Then nothing opens those
attempts any more, whatever servers and backups still hold. Run it once a day at
least, or keep it running with --watch; npm start does. It needs the file only.

Rings:
${rings.join('\n')}`,
  examples: [
    'npx zameni keys list',
    'npx zameni keys rotate kek',
    'npx zameni keys rotate pepper',
    'npx zameni keys rotate verification',
    'npx zameni keys rotate verification --finish --json',
    'npx zameni keys tend',
    'npx zameni keys tend --watch --file /run/secrets/attempt-keys.json',
  ],
  run: async (args, io) => {
    // Checked against the names of the rings.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const ring = args.object === '' ? undefined : (args.object as RingName);
    if (args.operand === 'tend') return tend(args, io);
    return args.operand === 'list' ? list(args, io, ring) : rotate(args, io, ring);
  },
};

async function list(args: Arguments, io: Io, ring: RingName | undefined): Promise<number> {
  const stack = await readStack(profileOf(args));
  const { listKeys, toKeysTable } = await import('./list.ts');
  using interrupts = listenForInterrupts(() => undefined);
  return await orStopped(interrupts, async () => {
    const report = await listKeys(stack, ring, interrupts.signal);
    io.stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : toKeysTable(report));
  });
}

async function rotate(args: Arguments, io: Io, ring: RingName | undefined): Promise<number> {
  if (ring === undefined) throw new UsageError(`which ring? One of: ${names.join(', ')}`);
  if (ring === 'attempt') {
    throw new UsageError('the ring attempt is not rotated: npx zameni keys tend keeps it');
  }
  const options = {
    graceMs: 1_000 * parseInteger(args, 'grace', GRACE_SECONDS),
    keepMs: DAY_MS * parseInteger(args, 'keep', KEEP_DAYS),
    isFinish: args.has('finish'),
  };
  if (options.graceMs <= longestCommitMs()) {
    io.stderr.write(
      `A commit may take ${longestCommitMs() / 1_000} s: with so short a grace, look after processes that hang.\n`,
    );
  }
  const stack = await readStack(profileOf(args));
  const { withRing } = await import('./rotate.ts');
  const { rotateRing } = await import('./rotate-ring.ts');
  using interrupts = listenForInterrupts(() => {
    io.stderr.write('\nStopping. The same command goes on from here.\n');
  });
  const begun = { stack, ring, signal: interrupts.signal };
  return await orStopped(interrupts, async () => {
    const report = await rotateShowingSteps();
    io.stdout.write(args.has('json') ? `${JSON.stringify(report)}\n` : toText(report));
  });

  /** The line of steps is gone before the report comes. */
  async function rotateShowingSteps(): Promise<RotationReport> {
    using steps = showSteps(io.stderr);
    return await withRing({ ...begun, tell: steps.tell }, (rotation) =>
      rotateRing(rotation, options),
    );
  }
}

/** The status of a command that may be stopped at any step. */
async function orStopped(interrupts: Interrupts, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return EXIT.done;
  } catch (error) {
    const stopped = interrupts.exitStatus();
    if (stopped === undefined) throw error;
    return stopped;
  }
}

function toText({ ring, current, removed, kept }: RotationReport): string {
  const lines = [
    `The current ${ring} key is ${current}.`,
    ...(removed.length > 0 ? [`Removed: ${removed.join(', ')}.`] : []),
    ...(kept.length > 0
      ? [`Kept for what was made with it: ${kept.join(', ')}${until(ring)}.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Claims are made upon the older peppers for ever. */
function until(ring: string): string {
  return ring === 'pepper' ? '' : '; --finish removes it in time';
}
