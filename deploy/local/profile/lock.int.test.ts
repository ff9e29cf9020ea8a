import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { StackError } from '../output/stack-error.ts';
import { lockFolder, requireOwn } from './lock.ts';

/** A pid beyond the largest possible one, and a start time. */
const DEAD = '4194999 1';

test('a folder is locked once and free again afterwards', async (t) => {
  const folder = await createFolder(t);
  const lock = await lockFolder(folder, 'test');
  await t.throwsAsync(lockFolder(folder, 'test'), {
    message: new RegExp(`running already \\(pid ${process.pid}\\)`),
  });
  await lock[Symbol.asyncDispose]();
  t.deepEqual(await readdir(folder), []);
  await using _again = await lockFolder(folder, 'test');
  t.deepEqual(await readdir(folder), ['supervisor.lock']);
});

test('the lock of a dead process is void', async (t) => {
  const folder = await createFolder(t, DEAD);
  await using _lock = await lockFolder(folder, 'test');
  t.regex(await readFile(lockOf(folder), 'utf8'), new RegExp(`^${process.pid} `));
  t.deepEqual(await readdir(folder), ['supervisor.lock']);
});

test('of many processes that see the same void lock, one takes the folder', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const folder = await createFolder(t, DEAD);
    const starts = Array.from({ length: 8 }, () => lockFolder(folder, 'test'));
    const results = await Promise.allSettled(starts);
    t.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
    t.deepEqual(await readdir(folder), ['supervisor.lock']);
  }
});

test('leaves the lock of another process', async (t) => {
  const folder = await createFolder(t);
  const lock = await lockFolder(folder, 'test');
  await writeFile(lockOf(folder), DEAD);
  await lock[Symbol.asyncDispose]();
  t.is(await readFile(lockOf(folder), 'utf8'), DEAD);
});

test('names the file to remove after an interrupted replacement of a void lock', async (t) => {
  const folder = await createFolder(t, DEAD);
  await writeFile(`${lockOf(folder)}.turn`, DEAD);
  await t.throwsAsync(lockFolder(folder, 'test'), { message: /rm .*supervisor\.lock\.turn$/ });
});

function lockOf(folder: string): string {
  return join(folder, 'supervisor.lock');
}

async function createFolder(t: ExecutionContext, lock?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'profile-lock-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  if (lock !== undefined) await writeFile(lockOf(folder), lock);
  return folder;
}

test('a folder of another user is refused with its owner, unless root asks', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'zameni-own-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { uid } = await stat(folder);
  await t.throwsAsync(requireOwn(folder, uid + 1), {
    instanceOf: StackError,
    message: new RegExp(`belongs to the user ${uid}, .* Start as that user, or remove it`),
  });
  await t.notThrowsAsync(requireOwn(folder, uid));
  await t.notThrowsAsync(requireOwn(folder, 0));
});
