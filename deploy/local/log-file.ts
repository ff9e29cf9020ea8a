import { existsSync, openSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const TAIL_BYTES = 16_384;

/** Where the output of a process is kept. */
export function logFile(logFolder: string, name: string): string {
  return join(logFolder, `${name}.log`);
}

/** Opens a new log file; the one of the start before stays beside it, so that neither grows on. */
export function openLogFile(path: string): number {
  if (existsSync(path)) renameSync(path, path.replace(/\.log$/, '.previous.log'));
  return openSync(path, 'a', 0o600);
}

/** Reads the last lines of a log, however long it is. */
export async function readTail(path: string, lines: number): Promise<string[]> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const length = Math.min(size, TAIL_BYTES);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString('utf8').trimEnd().split('\n').slice(-lines);
}
