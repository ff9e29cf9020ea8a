import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delay } from '@zameni/runtime';
import { readStack, type Stack } from '@zameni/runtime/stack';
import { natsProbe } from '../../../deploy/local/parts/nats/probe.ts';
import { CommandError } from '../framework/command.ts';
import type { Tell } from './clear-databases.ts';
import { type ForgottenSubjects, openForgottenSubjects } from './forgotten-subjects.ts';
import { LOG_SERVERS, type LogServer } from './log-servers.ts';

/** Milliseconds for a server to stop, start again and have the whole log. */
const BACK_DEADLINE_MS = 120_000;
const LOOK_MS = 100;

/** Restarts of one server before it counts as a fault that its Raft log stays. */
const MAX_ROUNDS = 5;

/**
 * Restarts the servers whose Raft log still has what was deleted from the log. A clean stop makes a
 * follower that has applied everything drop it; a leader hands over as it stops, and what it writes
 * then keeps the rest from being dropped. So another one leads first, and all are looked at again. The
 * next one follows only when all are whole: two of three must run.
 */
export async function restartLogServers(stack: Stack, tell: Tell): Promise<void> {
  const folders = LOG_SERVERS.map((server) => folderOf(stack, server));
  await using forgotten = await openForgottenSubjects(stack, folders);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let isClean = true;
    for (const server of LOG_SERVERS) {
      if (!forgotten.lieIn(folderOf(stack, server))) continue;
      isClean = false;
      tell(`restarting ${server}`);
      await untilWhole(stack, LOG_SERVERS);
      await until(`${server} goes on leading`, () => isFollower(forgotten, server));
      const pid = await readPid(stack, server);
      process.kill(pid, 'SIGTERM');
      await untilReplaced(stack, server, pid);
      await untilWhole(stack, LOG_SERVERS);
    }
    if (isClean) return;
  }
  throw new CommandError('not-forgotten', 'the servers of the log keep what was deleted');
}

/**
 * Deletes one server's copy of the log and lets it make another from the other two, which must be
 * whole. It is frozen while its folder is moved away, so that it writes nothing in between, and killed
 * whatever becomes of that, since frozen for ever it would be missing. What a run that was cut off has
 * moved away goes first: it holds what is to be forgotten.
 */
export async function recreateLogServer(stack: Stack, server: LogServer, tell: Tell) {
  tell('looking at the other servers');
  const others = LOG_SERVERS.filter((name) => name !== server);
  await untilWhole(stack, others);
  tell(`making ${server} anew`);
  const folder = folderOf(stack, server);
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  const pid = await readPid(stack, server);
  process.kill(pid, 'SIGSTOP');
  try {
    renameSync(folder, old);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
  await untilReplaced(stack, server, pid);
  await untilWhole(stack, LOG_SERVERS);
  await rm(old, { recursive: true });
}

/** While nobody leads, nobody answers; then it is asked again. */
async function isFollower(forgotten: ForgottenSubjects, server: LogServer): Promise<boolean> {
  return forgotten.isFollower(server).catch(() => false);
}

function folderOf({ folders }: Stack, server: LogServer): string {
  const folder = folders.data[partOf(server)];
  if (folder === undefined) throw new CommandError('failed', `${server} has no folder`);
  return folder;
}

function partOf(server: LogServer): string {
  return `nats-${server.slice(1)}`;
}

/** Its pid, as the supervisor that runs tells it: of a stack that is stopped it could be anybody's. */
async function readPid({ profile, supervisorPid }: Stack, server: LogServer): Promise<number> {
  const pid = (await readStack(profile)).pids[partOf(server)];
  try {
    process.kill(supervisorPid, 0);
    if (pid !== undefined) return pid;
  } catch {
    // Nobody has that pid: said below.
  }
  throw new CommandError('not-running', 'the stack does not run: npm start first');
}

function untilReplaced({ profile }: Stack, server: LogServer, pid: number): Promise<void> {
  return until(`${server} does not come back`, async () => {
    const now = (await readStack(profile)).pids[partOf(server)];
    return now !== pid;
  });
}

/** Waits until servers know who leads and have all of the log. */
function untilWhole({ nats }: Stack, servers: readonly LogServer[]): Promise<void> {
  const probes = servers.map((name) => natsProbe(nats.monitors[LOG_SERVERS.indexOf(name)] ?? ''));
  return until(`the log is not whole on ${servers.join(', ')}`, async (signal) => {
    const looks = await Promise.allSettled(probes.map((probe) => probe(signal)));
    return looks.every(({ status }) => status === 'fulfilled');
  });
}

async function until(
  fault: string,
  isSo: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  const signal = AbortSignal.timeout(BACK_DEADLINE_MS);
  while (!(await isSo(signal))) {
    await delay(LOOK_MS, signal).catch((cause: unknown) => {
      throw new CommandError('not-forgotten', fault, { cause });
    });
  }
}
