import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from '../output/stack-error.ts';
import { runCommand } from './command.ts';

const TIMEOUT_MS = 120_000;

/** Run in the folder itself, because its owner may not be able to pass the folders above it. */
const EMPTY = 'chmod -R u+rwX .; find . -mindepth 1 -delete';

/**
 * Deletes a folder with everything in it, if it exists. Root deletes what lies in a folder of
 * another user as that user: a process of it could put a link in the place of a folder meanwhile,
 * and root would empty the folder that the link names. Folders of root's nobody else can change.
 */
export async function deleteTree(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return rm(path, { recursive: true, force: true });
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isDirectory()) return rm(path);
  if (found.uid === 0) {
    for (const name of await readdir(path)) await deleteTree(join(path, name));
  } else {
    await emptyAs(found, path);
  }
  await rmdir(path);
}

async function emptyAs(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  path: string,
): Promise<void> {
  const runAs = { uid, gid, groups: [], passClosedFolders: false };
  await runCommand(['/bin/sh', '-c', EMPTY], {
    cwd: path,
    timeoutMs: TIMEOUT_MS,
    hidesEnvironment: true,
    runAs,
  });
  const left = await readdir(path);
  if (left.length === 0) return;
  throw new StackError(
    `${path} cannot be deleted by its owner, the user ${uid}: ${left.length} entries are left, such as ${left[0]}. Somebody else's files are in it, or a process writes there. Look at them, then: rm -rf ${path}`,
  );
}
