import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../host/file-lock.ts';
import { StackError } from '../output/stack-error.ts';

/** Locks a folder for one supervisor. Disposing the result releases the lock. */
export async function lockFolder(folder: string, name: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  await requireOwn(folder, process.getuid?.());
  const lock = await lockFile(join(folder, 'supervisor.lock'));
  switch (lock.status) {
    case 'taken':
      return lock;
    case 'held':
      throw new StackError(
        `A stack of the profile ${name} is running already (pid ${lock.pid}). Stop it with: kill ${lock.pid}`,
      );
    case 'contended':
      throw new StackError(`Another start of the profile ${name} is in progress.`);
    default:
      return lock satisfies never;
  }
}

/** Root may use the folder of anybody, everybody else only their own. */
export async function requireOwn(folder: string, user: number | undefined): Promise<void> {
  const { uid } = await stat(folder);
  if (user === undefined || user === 0 || user === uid) return;
  throw new StackError(
    `${folder} belongs to the user ${uid}, who started the stack before. Start as that user, or remove it.`,
  );
}
