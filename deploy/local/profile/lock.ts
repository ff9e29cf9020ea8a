import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../host/file-lock.ts';
import { StackError } from '../output/stack-error.ts';

/** Takes a folder for one supervisor; disposing gives it back. */
export async function lockFolder(folder: string, name: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const lock = await lockFile(join(folder, 'supervisor.lock'));
  switch (lock.status) {
    case 'taken':
      return lock;
    case 'held':
      throw new StackError(
        `A stack of the profile ${name} is running already (pid ${lock.pid}). Stop it with: kill ${lock.pid}`,
      );
    case 'contended':
      throw new StackError(`Another start of the profile ${name} is just ahead of this one.`);
    default:
      return lock satisfies never;
  }
}
