import { existsSync, openSync, renameSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { previousLog } from './log-rotation.ts';

const TAIL_BYTES = 16_384;

/** Returns the file of a process's output. */
export function logFile(logFolder: string, name: string): string {
  return join(logFolder, `${name}.log`);
}

/**
 * Opens a new log file and keeps the one of the previous start, so that neither grows endlessly.
 */
export function openLogFile(path: string, appends: boolean): number {
  if (!appends && existsSync(path)) renameSync(path, previousLog(path));
  return openSync(path, 'a', 0o600);
}

/** Returns the size of a log in bytes. */
export async function logSize(path: string): Promise<number> {
  return existsSync(path) ? (await stat(path)).size : 0;
}

/**
 * Reads the last lines of a log after a byte offset, without reading the whole log. A log that is
 * shorter was begun anew since. Returns none if the log is gone.
 */
export async function readTail(path: string, lines: number, from = 0): Promise<string[]> {
  if (!existsSync(path)) return [];
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const length = Math.max(0, Math.min(size < from ? size : size - from, TAIL_BYTES));
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  const text = buffer.toString('utf8').trimEnd();
  return text === '' ? [] : text.split('\n').slice(-lines);
}
