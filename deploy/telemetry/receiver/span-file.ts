import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Span } from '../otlp/span.ts';

/** The files of a folder with spans, the oldest first. The last one grows. */
export const SPAN_FILES = ['traces.2.ndjson', 'traces.1.ndjson', 'traces.ndjson'] as const;

const CURRENT = 'traces.ndjson';

/** Where spans are written, and how much of them is kept. */
export type SpanFileOptions = {
  readonly folder: string;
  /** Bytes after which a new file begins. The oldest file is then replaced. */
  readonly maxFileBytes: number;
  /** Bytes that wait for the disk. Spans beyond are dropped. */
  readonly maxQueuedBytes: number;
  readonly onFault: (fault: unknown) => void;
};

/** Writes spans, one a line. */
export type SpanFile = AsyncDisposable & {
  /** Queues spans and returns at once. */
  readonly write: (spans: readonly Span[]) => void;
  /** How many spans were written, and how many were dropped: the queue was full, or a write failed. */
  readonly counts: () => { readonly written: number; readonly dropped: number };
};

/** Opens the file of a folder and goes on at its end. */
export async function openSpanFile(options: SpanFileOptions): Promise<SpanFile> {
  const { folder, maxFileBytes, maxQueuedBytes, onFault } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, CURRENT);
  let fileBytes = await sizeOf(path);
  // The last line may be cut off.
  if (fileBytes > 0) await appendFile(path, '\n');
  let queue: string[] = [];
  let queuedBytes = 0;
  let writing: Promise<void> | undefined;
  let written = 0;
  let dropped = 0;

  async function work(): Promise<void> {
    while (queue.length > 0) {
      const lines = queue;
      const bytes = queuedBytes;
      queue = [];
      queuedBytes = 0;
      try {
        if (fileBytes > 0 && fileBytes + bytes > maxFileBytes) {
          await rotate(folder);
          fileBytes = 0;
        }
        await appendFile(path, lines.join(''), { mode: 0o600 });
        fileBytes += bytes;
        written += lines.length;
      } catch (fault) {
        dropped += lines.length;
        onFault(fault);
      }
    }
  }

  return {
    write: (spans) => {
      for (const span of spans) {
        const line = `${JSON.stringify(span)}\n`;
        const bytes = Buffer.byteLength(line);
        if (queuedBytes + bytes > maxQueuedBytes) dropped += 1;
        else {
          queue.push(line);
          queuedBytes += bytes;
        }
      }
      writing ??= work().finally(() => (writing = undefined));
    },
    counts: () => ({ written, dropped }),
    [Symbol.asyncDispose]: async () => writing,
  };
}

/** Gives each file the name of the next older one. The oldest is replaced. */
async function rotate(folder: string): Promise<void> {
  for (const [n, older] of SPAN_FILES.entries()) {
    const newer = SPAN_FILES[n + 1];
    if (newer === undefined || (await sizeOf(join(folder, newer))) === 0) continue;
    await rename(join(folder, newer), join(folder, older));
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
