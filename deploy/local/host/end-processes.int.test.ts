import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { StackError } from '../output/stack-error.ts';
import { startChild } from '../supervisor/child.ts';
import { endProcessesOf, holdUsers } from './end-processes.ts';
import { findSetpriv } from './launch.ts';
import type { Users } from './users.ts';

/** Numbers that no profile gives to anybody: a stack may run beside this test. */
const [TAKEN_OVER, OTHER] = [61_160, 61_161];
const DEADLINE_MS = 20_000;

const whenRoot = process.getuid?.() === 0 && findSetpriv() !== null ? test.serial : test.skip;

function runAs(uid: number) {
  return { uid, gid: uid, groups: [], passClosedFolders: false };
}

function users(uid: number): Pick<Users, 'areApart' | 'of'> {
  return { areApart: true, of: () => runAs(uid) };
}

/** Starts a service that leaves a process in a session of its own, and returns the pid of that. */
async function startSurvivor(t: ExecutionContext, uid: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'zameni-end-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const logFile = join(folder, 'service.log');
  const child = startChild(
    {
      name: 'service',
      command: ['/bin/sh', '-c', "setsid sh -c 'echo $$; exec sleep 77' & sleep 77"],
      env: { PATH: process.env['PATH'] ?? '' },
      runAs: runAs(uid),
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 1_000 },
    },
    { logFile },
  );
  t.teardown(child.kill);
  await waitUntil(() => /^\d+\n/.test(readFileSync(logFile, 'utf8')), DEADLINE_MS);
  await child.stop();
  return Number(readFileSync(logFile, 'utf8').trim());
}

function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // It is gone.
    return false;
  }
}

function endOwn(t: ExecutionContext, child: ChildProcess): void {
  t.teardown(() => child.kill('SIGKILL'));
}

whenRoot('what a service left behind ends, and nothing of another user does', async (t) => {
  const survivor = await startSurvivor(t, TAKEN_OVER);
  const other = spawn('sleep', ['77'], { uid: OTHER, gid: OTHER });
  const own = spawn('sleep', ['77']);
  for (const child of [other, own]) endOwn(t, child);
  t.true(lives(survivor), 'the stop of the service did not reach it');
  await endProcessesOf([TAKEN_OVER]);
  t.false(lives(survivor));
  for (const { pid = 0 } of [other, own]) t.true(lives(pid));
});

whenRoot('users are free of processes when a stack begins and when it ends', async (t) => {
  const before = await startSurvivor(t, TAKEN_OVER);
  const held = await holdUsers(users(TAKEN_OVER), () => t.fail());
  t.false(lives(before));
  const meanwhile = await startSurvivor(t, TAKEN_OVER);
  t.true(lives(meanwhile));
  await held[Symbol.asyncDispose]();
  t.false(lives(meanwhile));
});

whenRoot('a stack of another clone keeps its processes', async (t) => {
  await using _held = await holdUsers(users(OTHER), () => t.fail());
  const running = spawn('sleep', ['77'], { uid: OTHER, gid: OTHER });
  endOwn(t, running);
  const fault = await t.throwsAsync(
    holdUsers(users(OTHER), () => t.fail()),
    { instanceOf: StackError },
  );
  t.regex(fault?.message ?? '', new RegExp(`zameni-users-${OTHER}`));
  t.true(lives(running.pid ?? 0));
});

test('where all processes have one user nothing is ended', async (t) => {
  const own = spawn('sleep', ['77']);
  endOwn(t, own);
  const together = { areApart: false, of: () => runAs(process.getuid?.() ?? 0) };
  await (await holdUsers(together, () => t.fail()))[Symbol.asyncDispose]();
  t.true(lives(own.pid ?? 0));
  await t.throwsAsync(endProcessesOf([0]), { instanceOf: RangeError });
});
