import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { CommandError } from './command.ts';
import type { Io } from './io.ts';

/** Bytes that are read on demand. */
export type Input = {
  readonly chunks: Readable;
  /** Undefined for a pipe, whose size is unknown. */
  readonly totalBytes: number | undefined;
};

/** Bytes of a file in memory. */
const CHUNK_BYTES = 64 * 1024;

/** Opens a file, or standard input for `-`. The signal closes it, even during a read. */
export async function openInput(path: string, io: Io, signal: AbortSignal): Promise<Input> {
  if (path === '-') {
    if (io.stdin.isTTY === true) io.stderr.write('Reading from the keyboard; Ctrl-D ends.\n');
    return { chunks: addAbortSignal(signal, io.stdin), totalBytes: undefined };
  }
  try {
    const file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) throw new Error('it is a folder');
    const chunks = file.createReadStream({ highWaterMark: CHUNK_BYTES });
    const totalBytes = stats.isFile() ? stats.size : undefined;
    return { chunks: addAbortSignal(signal, chunks), totalBytes };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError('input-unreadable', `${path} cannot be read: ${reason}`, { cause });
  }
}
