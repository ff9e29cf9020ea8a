import { createWriteStream, fstatSync, openSync, renameSync, type WriteStream } from 'node:fs';
import { codeOf } from './error-code.ts';
import { MAX_LOG_BYTES, previousLog } from './log-rotation.ts';

/** Writes the lines of a process to its log file. */
export type LogSink = {
  readonly write: (line: string) => void;
  /** Resolves when everything that could be written is. */
  readonly end: () => Promise<void>;
};

/** The open file, and where it is. `onFault` hears once of each time in which lines are lost. */
export type LogSinkOptions = {
  readonly fd: number;
  readonly path: string;
  readonly onFault: (message: string) => void;
  /** Bytes after which the file becomes the previous one. */
  readonly maxBytes?: number;
};

/** Milliseconds after which a file that could not be written is tried again. */
const RETRY_MS = 1_000;

/**
 * Creates a sink that outlives a full disk. Lines that cannot be written are lost and counted; the
 * file is opened again after a while. The worse failure is a supervisor that dies of a log line and
 * takes every process with it.
 */
export function createLogSink(options: LogSinkOptions): LogSink {
  const { fd, path, onFault, maxBytes = MAX_LOG_BYTES } = options;
  let bytes = fstatSync(fd).size;
  let lost = 0;
  let failedAt = Number.NEGATIVE_INFINITY;
  const ending = new Set<WriteStream>();
  let file: WriteStream | undefined = guard(createWriteStream('', { fd }));

  function guard(stream: WriteStream): WriteStream {
    stream.on('error', (error) => {
      if (lost === 0) onFault(`its log cannot be written (${codeOf(error)}), lines are lost`);
      lost += 1;
      failedAt = performance.now();
      if (file === stream) file = undefined;
    });
    return stream;
  }

  /** The file, opened again if it is time to. */
  function current(): WriteStream | undefined {
    if (file !== undefined || performance.now() - failedAt < RETRY_MS) return file;
    file = guard(createWriteStream(path, { flags: 'a', mode: 0o600 }));
    return file;
  }

  /**
   * Moves the file aside. The old stream ends by itself: what it still holds goes to the file that it
   * has open, under its new name.
   */
  function rotate(): void {
    bytes = 0;
    let next: number;
    try {
      renameSync(path, previousLog(path));
      // At once, so that the next file exists before it is moved too.
      next = openSync(path, 'a', 0o600);
    } catch {
      // The file goes on growing, which is better than no log. It is tried again after as many bytes.
      return;
    }
    const stream = file;
    if (stream !== undefined) {
      ending.add(stream);
      stream.once('close', () => ending.delete(stream));
      stream.end();
    }
    file = guard(createWriteStream('', { fd: next }));
  }

  return {
    write: (line) => {
      if (bytes >= maxBytes && file !== undefined) rotate();
      const stream = current();
      if (stream === undefined) {
        lost += 1;
        return;
      }
      bytes += Buffer.byteLength(line) + 1;
      stream.write(`${line}\n`, (error) => {
        if (error || lost === 0) return;
        stream.write(`${lost} lines before this one could not be written\n`);
        lost = 0;
      });
    },
    end: async () => {
      const open = [...ending, ...(file === undefined ? [] : [file])];
      await Promise.all(open.map(endStream));
    },
  };
}

async function endStream(stream: WriteStream): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.end();
  });
}
