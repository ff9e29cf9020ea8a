import { mkdir, statfs } from 'node:fs/promises';
import { StackError } from '../output/stack-error.ts';

const MEBIBYTE = 1_024 * 1_024;

/** An empty stack takes 250 MiB: a database and its copy, secrets, logs. */
const MIN_FREE_MEBIBYTES = 400;

/**
 * Stops the start if the disk of a folder is nearly full. Each server would end at some other place,
 * and the file of its log, which has the reason, would be empty.
 */
export async function requireRoom(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / MEBIBYTE);
  if (free >= MIN_FREE_MEBIBYTES) return;
  throw new StackError(
    `The disk of ${folder} has ${free} MiB free, and a start needs ${MIN_FREE_MEBIBYTES}: nothing was started. Make room, then start again.`,
  );
}
