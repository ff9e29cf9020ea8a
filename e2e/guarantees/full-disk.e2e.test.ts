import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provisionStream } from '@zameni/runtime';
import { createSilentLogger, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
// oxlint-disable-next-line no-restricted-imports -- a whole system fits on no disk so small
import { type Committer, createCommitter } from '../../command-api/src/commit/committer.ts';
import { type OwnLog, startOwnLog } from '../full-disk/own-log.ts';
import { mountSmallDisk } from '../full-disk/small-disk.ts';

const MEBIBYTE = 1_024 * 1_024;
const DISK_MEBIBYTES = 48;
/**
 * Number of one-kilobyte records that fill the bounded log of the first test several times over.
 */
const MAX_INTENTS = 200;
/** The deadline of an intent, and the extra time of a busy machine. */
const DEADLINE_MS = 8_000;
const SLACK_MS = 4_000;
const FULL = { code: 'log-unavailable' };

test.serial(
  'a log at its bound refuses at once, continues when the bound is raised, and loses nothing',
  async (t) => {
    t.timeout(120_000);
    const root = await createFolder(t);
    const dataFolders = [1, 2, 3].map((n) => join(root, `disk-${n}`));
    await using own = await startOwnLog({ root, dataFolders, freeBytes: MEBIBYTE });
    await using committer = createCommitter(own.log, createSilentLogger());
    const accepted = await fill(committer, 'before');
    const startedAt = performance.now();
    await t.throwsAsync(append(committer, 'refused'), FULL);
    t.true(performance.now() - startedAt < DEADLINE_MS / 2, 'a refusal does not wait for room');
    t.is(
      (await own.log.readLastFromLeader(subjectOf('before-0'), soon()))?.position,
      accepted.get('before-0'),
    );

    await provisionStream(own.nc, undefined, DISK_MEBIBYTES * MEBIBYTE);
    accepted.set('refused', await append(committer, 'refused'));
    await holdsAll(t, own, accepted);
  },
);

test.serial(
  'servers with full disks refuse in time, and have lost nothing after a restart',
  async (t) => {
    t.timeout(180_000);
    const root = await createFolder(t);
    const dataFolders = [1, 2, 3].map((n) => join(root, `disk-${n}`));
    using disk = await mountSmallDisk(dataFolders, DISK_MEBIBYTES);
    if (disk === undefined) return t.fail('a disk of its own needs root: this is NOT tested here');
    await using own = await startOwnLog({ root, dataFolders, on: disk.on });
    await using committer = createCommitter(own.log, createSilentLogger());
    const accepted = new Map([['first', await append(committer, 'first')]]);
    await disk.fill();
    for (const [name, position] of await fill(committer, 'full')) accepted.set(name, position);
    const refused = ['refused-1', 'refused-2', 'refused-3'];
    const startedAt = performance.now();
    await Promise.all(refused.map((name) => t.throwsAsync(append(committer, name), FULL)));
    t.true(performance.now() - startedAt < DEADLINE_MS + SLACK_MS, 'refused within the deadline');

    await disk.free();
    await own.restart();
    for (const name of refused) {
      await waitUntil(async () => {
        const position = await append(committer, name).catch(() => undefined);
        if (position !== undefined) accepted.set(name, position);
        return position !== undefined;
      }, 30_000);
    }
    await holdsAll(t, own, accepted);
  },
);

/** Appends until a record is refused. Returns the accepted names with their positions. */
async function fill(committer: Committer, name: string): Promise<Map<string, number>> {
  const accepted = new Map<string, number>();
  for (let n = 0; n < MAX_INTENTS; n += 1) {
    try {
      accepted.set(`${name}-${n}`, await append(committer, `${name}-${n}`));
    } catch {
      return accepted;
    }
  }
  throw new Error('the log did not become full');
}

/** Appends the same record for a name each time. Returns the position of the first one. */
function append(committer: Committer, name: string): Promise<number> {
  const subject = subjectOf(name);
  const data = name.padEnd(16_000, '.');
  return committer.submit({
    reads: [subject],
    decide: (state) => {
      const held = state.get(subject)?.position;
      return held === undefined
        ? { messages: [{ subject, data }], answer: (position: number) => position }
        : { messages: [], answer: () => held };
    },
  });
}

async function holdsAll(
  t: ExecutionContext,
  { log }: OwnLog,
  accepted: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [name, position] of accepted) {
    const record = await log.readLastFromLeader(subjectOf(name), soon());
    t.is(record?.position, position, name);
    t.is((await log.readSubject(subjectOf(name), soon())).length, 1, name);
  }
}

function subjectOf(name: string): string {
  return `zameni.account.${name}`;
}

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

async function createFolder(t: ExecutionContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'zameni-full-disk-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  return root;
}
