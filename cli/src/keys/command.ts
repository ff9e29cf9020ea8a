import { DEADLINES, longestCommitMs } from '@zameni/runtime/deadlines';
import { readStack } from '@zameni/runtime/stack';
import { parseInteger } from '../framework/arguments.ts';
import { type Arguments, type Command, EXIT, UsageError } from '../framework/command.ts';
import { profileOf } from '../framework/connection.ts';
import { jsonOption, profileOption } from '../framework/global-options.ts';
import { listenForInterrupts, orStopped } from '../framework/interrupts.ts';
import { alignColumns, type Io, toJsonLine } from '../framework/io.ts';
import { showSteps } from '../framework/steps.ts';
import { type RingName, RINGS } from './rings.ts';
import type { RotationReport } from './rotation.ts';
import { tend, tendOptions } from './tend-command.ts';

const names = Object.keys(RINGS);
const rings = alignColumns(
  Object.entries(RINGS).map(([name, { purpose }]) => [`  ${name}`, purpose]),
);

const GRACE_SECONDS = { min: 1, max: 3_600, byDefault: DEADLINES.rotationGrace / 1_000 } as const;
/** More than the seven days of a link's lifetime by default. */
const KEEP_DAYS = { min: 0, max: 400, byDefault: 8 } as const;
const DAY_MS = 24 * 3_600 * 1_000;

/** `zameni keys`: lists the ids of keys, rotates keys, and tends the attempt keys. */
export const keysCommand: Command = {
  name: 'keys',
  summary: 'list, rotate and tend the keys, for the local stack',
  operand: { name: 'action', choices: ['list', 'rotate', 'tend'] },
  object: { name: 'ring', choices: names },
  options: [
    {
      name: 'grace',
      value: '<seconds>',
      summary: `kek, pepper: time for pending work to end, ${rangeOf(GRACE_SECONDS)}`,
    },
    {
      name: 'keep',
      value: '<days>',
      summary: `others: time to keep older keys, ${rangeOf(KEEP_DAYS)}`,
    },
    { name: 'finish', summary: 'others: only remove keys that were kept long enough' },
    ...tendOptions,
    jsonOption,
    profileOption,
  ],
  description: `
list prints the ids of the keys in all rings, or in one. It shows which key is
current and since when, and how many records of the log each key-encryption key
wraps. It never prints a key.

rotate adds a key to a ring, waits until every process has read it, and makes it
the current one. Registration continues. To continue an interrupted rotation, run
the command again.

kek: the projector re-wraps every person's data key with the new key and deletes
the older record. The command waits until no record is wrapped by an older key,
and until --grace has passed since every process used the new one. A pending
commit takes at most 18 seconds; use a shorter grace only if the log answers
immediately and no process is paused. Then the command reads the log once more,
removes the older key from the ring and overwrites its bytes in the file. A
copy-on-write file system, an SSD or a backup may still hold it: also destroy
backups of the ring's file.

pepper: claims move to subjects made with the new pepper, in six phases. In four
of them --grace must pass. In each phase every process and every server of the log
must answer. The older peppers stay in the ring, because the new subjects are
derived from them too. All claims that the older peppers alone could find are
destroyed. During the rotation a release costs one more message, and in some
phases a registration does too.

verification, position: the older key stays readable for --keep days, which must
exceed the lifetime of links (ZAMENI_ATTEMPT_LIFETIME_SECONDS). A later run or
--finish removes it. --keep 0 removes it immediately and so invalidates everything
that a stolen key signed.

registration: new ids get the check of the new key. The older keys stay in the
ring, because ids stay. Who stole one can only make up ids that are looked for.

tend maintains the ring attempt, which has a key for each day (UTC). It makes the
keys of today and the next seven days. It destroys a key one day after the last
attempt sealed with it has expired, and overwrites its bytes in the file. Those
attempts then cannot be opened, even if servers and backups still hold them. Run
it at least once a day, or keep it running with --watch, as npm start does. It
needs only the file.

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

function rangeOf({ min, max, byDefault }: typeof GRACE_SECONDS | typeof KEEP_DAYS): string {
  return `${min} to ${max} (default: ${byDefault})`;
}

async function list(args: Arguments, io: Io, ring: RingName | undefined): Promise<number> {
  const stack = await readStack(profileOf(args));
  const { listKeys, toKeysTable } = await import('./list.ts');
  using interrupts = listenForInterrupts(() => undefined);
  return await orStopped(interrupts, async () => {
    const report = await listKeys(stack, ring, interrupts.signal);
    io.stdout.write(args.has('json') ? toJsonLine(report) : toKeysTable(report));
    return EXIT.done;
  });
}

async function rotate(args: Arguments, io: Io, ring: RingName | undefined): Promise<number> {
  if (ring === undefined) throw new UsageError(`which ring? One of: ${names.join(', ')}`);
  if (ring === 'attempt') {
    throw new UsageError('the ring attempt is not rotated: npx zameni keys tend maintains it');
  }
  const options = {
    graceMs: 1_000 * parseInteger(args, 'grace', GRACE_SECONDS),
    keepMs: DAY_MS * parseInteger(args, 'keep', KEEP_DAYS),
    isFinish: args.has('finish'),
  };
  if (options.graceMs <= longestCommitMs()) {
    const seconds = longestCommitMs() / 1_000;
    io.stderr.write(
      `A commit may take ${seconds} s. With a shorter grace, make sure that no process hangs.\n`,
    );
  }
  const stack = await readStack(profileOf(args));
  const { withRing } = await import('./rotation.ts');
  const { rotateRing } = await import('./rotate-ring.ts');
  using interrupts = listenForInterrupts(() => {
    io.stderr.write('\nStopping. The same command goes on from here.\n');
  });
  const begun = { stack, ring, signal: interrupts.signal };
  return await orStopped(interrupts, async () => {
    const report = await rotateShowingSteps();
    io.stdout.write(args.has('json') ? toJsonLine(report) : toText(report));
    return EXIT.done;
  });

  /** Removes the progress line before the report is printed. */
  async function rotateShowingSteps(): Promise<RotationReport> {
    using steps = showSteps(io.stderr);
    return await withRing({ ...begun, reportStep: steps.reportStep }, (rotation) =>
      rotateRing(rotation, options),
    );
  }
}

function toText({ ring, current, removed, kept }: RotationReport): string {
  const lines = [
    `The current ${ring} key is ${current}.`,
    ...(removed.length > 0 ? [`Removed: ${removed.join(', ')}.`] : []),
    ...(kept.length > 0
      ? [`Kept because they are still needed: ${kept.join(', ')}${until(ring)}.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Subjects of claims are derived from older peppers, and ids carry the checks of older keys. */
function until(ring: string): string {
  return ring === 'pepper' || ring === 'registration' ? '' : '; --finish removes them later';
}
