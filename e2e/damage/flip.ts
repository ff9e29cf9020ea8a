import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Flips all bits of one byte in each file of a folder whose path matches. Returns their paths. */
export async function flipIn(
  folder: string,
  pattern: RegExp,
  share = 0.4,
): Promise<readonly string[]> {
  const paths = await findFiles(folder, pattern);
  for (const path of paths) await flipByte(path, share);
  return paths;
}

/** Files below a folder whose path matches. */
export async function findFiles(folder: string, pattern: RegExp): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path));
}

/** `share` says where in the file the byte is. */
async function flipByte(path: string, share: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  const position = Math.floor(size * share);
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, position);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  await file.write(byte, 0, 1, position);
}
