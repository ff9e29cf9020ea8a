import { chownSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { delay, watchedServers } from '@zameni/runtime';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { deleteTree } from '../../../deploy/local/host/delete-tree.ts';
import { natsProbe } from '../../../deploy/local/parts/nats/probe.ts';
import { CommandError } from '../framework/command.ts';
import type { ReportStep } from './clear-databases.ts';
import { type DeletedSubjects, openDeletedSubjects } from './deleted-subjects.ts';
import { LOG_SERVERS, type LogServer } from './log-servers.ts';

/** Milliseconds for a server to restart and catch up with the log. */
const BACK_DEADLINE_MS = 120_000;
const LOOK_MS = 100;

/** Restarts of one server before the command fails. */
const MAX_ROUNDS = 5;

/**
 * Restarts the servers whose Raft log still has deleted records. On a clean stop a follower that
 * has applied everything drops them. A leader hands over when it stops, and its last writes prevent
 * this, so another server becomes the leader first. Afterwards all servers are checked again. The
 * next restart waits until all servers have caught up, because two of three must run.
 */
export async function restartLogServers(stack: Stack, reportStep: ReportStep): Promise<void> {
  const folders = LOG_SERVERS.map((server) => folderOf(stack, server));
  await using deleted = await openDeletedSubjects(stack, folders);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let isClean = true;
    for (const server of LOG_SERVERS) {
      if (!deleted.areIn(folderOf(stack, server))) continue;
      isClean = false;
      reportStep(`restarting ${server}`);
      await untilComplete(stack, LOG_SERVERS);
      await until(`${server} is still the leader`, () => isFollower(deleted, server));
      const pid = await readPid(stack, server);
      process.kill(pid, 'SIGTERM');
      await untilReplaced(stack, server, pid);
      await untilComplete(stack, LOG_SERVERS);
    }
    if (isClean) return;
  }
  throw new CommandError('not-purged', 'the servers of the log still have deleted records');
}

/**
 * Deletes one server's copy of the log, which the server rebuilds from the other two; these must
 * have caught up. The server is stopped by a signal while its folder is moved, so that it writes
 * nothing. It is killed even if the move fails, because it would stay stopped otherwise. The folder
 * that an interrupted run moved away is deleted first, because it holds erased bytes.
 */
export async function recreateLogServer(stack: Stack, server: LogServer, reportStep: ReportStep) {
  reportStep('checking the other servers');
  const others = LOG_SERVERS.filter((name) => name !== server);
  await untilComplete(stack, others);
  reportStep(`rebuilding ${server}`);
  const folder = folderOf(stack, server);
  const old = `${folder}.old`;
  await deleteTree(old);
  const pid = await readPid(stack, server);
  process.kill(pid, 'SIGSTOP');
  try {
    const { uid, gid } = statSync(folder);
    renameSync(folder, old);
    // The server may not create it: the folder around it is not its own.
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, uid, gid);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
  await untilReplaced(stack, server, pid);
  await untilComplete(stack, LOG_SERVERS);
  await deleteTree(old);
}

/** Returns false if nobody answers, for example without a leader. The caller asks again. */
async function isFollower(deleted: DeletedSubjects, server: LogServer): Promise<boolean> {
  return deleted.isFollower(server).catch(() => false);
}

function folderOf({ folders }: Stack, server: LogServer): string {
  const folder = folders.data[partOf(server)];
  if (folder === undefined) throw new CommandError('failed', `${server} has no folder`);
  return folder;
}

function partOf(server: LogServer): string {
  return `nats-${server.slice(1)}`;
}

/** Reads a server's pid from the running supervisor. A stale pid could be of any process. */
async function readPid({ profile, supervisorPid }: Stack, server: LogServer): Promise<number> {
  const pid = (await readStack(profile)).pids[partOf(server)];
  try {
    process.kill(supervisorPid, 0);
    if (pid !== undefined) return pid;
  } catch {
    // The supervisor does not run, which is reported below.
  }
  throw new CommandError('not-running', 'the stack does not run: npm start first');
}

function untilReplaced({ profile }: Stack, server: LogServer, pid: number): Promise<void> {
  return until(`${server} does not come back`, async () => {
    const now = (await readStack(profile)).pids[partOf(server)];
    return now !== pid;
  });
}

/** Waits until servers know their leader and have the whole log. */
function untilComplete(stack: Stack, servers: readonly LogServer[]): Promise<void> {
  const watched = watchedServers(stack);
  const probes = watched
    .filter((_, index) => servers.some((name) => LOG_SERVERS.indexOf(name) === index))
    .map(natsProbe);
  return until(`the log is not complete on ${servers.join(', ')}`, async (signal) => {
    const looks = await Promise.allSettled(probes.map((probe) => probe(signal)));
    return looks.every(({ status }) => status === 'fulfilled');
  });
}

async function until(
  fault: string,
  isMet: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const signal = AbortSignal.timeout(BACK_DEADLINE_MS);
  while (!(await isMet(signal))) {
    await delay(LOOK_MS, signal).catch((cause: unknown) => {
      throw new CommandError('not-purged', fault, { cause });
    });
  }
}
