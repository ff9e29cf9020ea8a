import { createServer } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { StackError } from '../output/stack-error.ts';
import { runCommand } from './command.ts';
import { findSetpriv } from './launch.ts';
import { KINDS, type Users } from './users.ts';

const TIMEOUT_MS = 10_000;
const PAUSE_MS = 50;
const MAX_ROUNDS = 100;

/**
 * The kernel kills all processes that this user may signal at once, so none escapes by a fork. As
 * another user it would be others' processes.
 */
const KILL_ALL = '[ "$(id -u)" = "$1" ] && kill -KILL -1';

/**
 * Holds the users of a profile, and ends what processes they have: at once those that an earlier
 * stack left, and at the disposal those that this one leaves. A process that began a session of its
 * own outlives its service otherwise, with its secrets. Nothing happens where a stack has no users
 * of its own. Throws a StackError if a stack of another clone holds the users, or a process cannot
 * be ended. After the stack this is only reported: the next start tries it again.
 */
export async function holdUsers(
  users: Pick<Users, 'areApart' | 'of'>,
  onLeft: (fault: unknown) => void,
): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  if (!users.areApart) return held.move();
  const uids = [...new Set(KINDS.flatMap((kind) => users.of(kind)?.uid ?? []))];
  held.use(await takeName(`zameni-users-${uids[0]}`));
  await endProcessesOf(uids);
  held.defer(() => endProcessesOf(uids).catch(onLeft));
  return held.move();
}

/** Ends every process of these users. */
export async function endProcessesOf(uids: readonly number[]): Promise<void> {
  if (uids.includes(0) || findSetpriv() === null) throw new RangeError('processes of root');
  for (let round = 0; ; round += 1) {
    await Promise.all(uids.map(killAll));
    const left = await livingProcessesOf(uids);
    if (left.length === 0) return;
    if (round === MAX_ROUNDS) {
      throw new StackError(
        `Processes of the stack's users cannot be ended: ${left.join(', ')}. End them as root.`,
      );
    }
    await delay(PAUSE_MS);
  }
}

async function killAll(uid: number): Promise<void> {
  const runAs = { uid, gid: uid, groups: [], passClosedFolders: false };
  // It fails where the user has no process, and a process may end it first. Both shows afterwards.
  await runCommand(['/bin/sh', '-c', KILL_ALL, 'sh', String(uid)], {
    timeoutMs: TIMEOUT_MS,
    cwd: '/',
    hidesEnvironment: true,
    runAs,
  });
}

async function livingProcessesOf(uids: readonly number[]): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Not its owner in /proc: that is root if the process forbids to look into it.
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const ids = /^Uid:\t(.+)$/m.exec(status)?.[1]?.split('\t').map(Number) ?? [];
      return ids.some((uid) => uids.includes(uid)) && isAlive(status) ? pid : [];
    }),
  );
  return found.flat();
}

/** A process whose first thread has ended may have others. */
function isAlive(status: string): boolean {
  return !/^State:\t[ZX]/m.test(status) || Number(/^Threads:\t(\d+)$/m.exec(status)?.[1]) > 1;
}

/**
 * Takes a name of this machine, until its process ends. Ports do not suffice: they are free for a
 * moment while a stack starts or stops.
 */
async function takeName(name: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy()).unref();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(
      new StackError(
        `Another clone runs a stack of this profile, or a process holds the name @${name} (see: ss -xlp). Stop it first.`,
        { cause },
      ),
    ),
  );
  server.listen(`\0${name}`, resolve);
  await promise;
  return server;
}
