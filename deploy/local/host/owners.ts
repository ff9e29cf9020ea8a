import { chmod, lchown, lstat, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunAs } from './launch.ts';

/**
 * Writes a file for one process, which may read it and not change it: the file stays with whoever
 * started the stack.
 */
export async function writeFor(
  reader: Pick<RunAs, 'gid'> | undefined,
  path: string,
  text: string,
): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await letRead(path, reader?.gid);
}

/** Lets a group read a file of this process' user, or nobody else. */
export async function letRead(path: string, gid: number | undefined): Promise<void> {
  await keep(path, gid);
  await chmod(path, gid === undefined ? 0o600 : 0o640);
}

/** Lets a group, or all if it is `anyone`, reach what is in a folder, but not list or change it. */
export async function letEnter(path: string, gid: number | 'anyone' | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await keep(path, gid === 'anyone' ? undefined : gid);
  await chmod(path, gid === 'anyone' ? 0o711 : gid === undefined ? 0o700 : 0o710);
}

/** Writes a file that its reader must own, because programs refuse passwords that a group reads. */
export async function writeOwned(
  owner: RunAs | undefined,
  path: string,
  text: string,
): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await give(path, owner);
}

/** Creates a missing file to which only its owner appends. */
export async function createOwned(owner: RunAs | undefined, path: string): Promise<void> {
  await using _file = await open(path, 'a', 0o600);
  await give(path, owner);
}

/**
 * Creates a folder of a process' own. One that belongs to somebody else, as after a start by another
 * user, is given to it with everything in it. The folder itself comes last, so that an interrupted
 * start is repeated.
 */
export async function createOwnedFolder(owner: RunAs | undefined, path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (!isRoot()) return;
  if ((await lstat(path)).uid === (owner?.uid ?? 0)) return;
  await giveTree(path, owner);
}

/** Gives a folder and everything in it to a user. Links are not followed. */
export async function giveTree(path: string, owner: RunAs | undefined): Promise<void> {
  // With types, so that Node does not follow links either.
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries) await give(join(parentPath, name), owner);
  await give(path, owner);
}

/** Gives one file to a user. A link is not followed. */
export async function give(path: string, owner: RunAs | undefined): Promise<void> {
  if (isRoot()) await lchown(path, owner?.uid ?? 0, owner?.gid ?? 0);
}

async function keep(path: string, gid: number | undefined): Promise<void> {
  if (isRoot()) await lchown(path, 0, gid ?? 0);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
