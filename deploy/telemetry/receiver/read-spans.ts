import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { Span } from '../otlp/span.ts';
import { SPAN_FILES } from './span-file.ts';

const spanCheck = Compile(Span);

/**
 * Reads the spans of a folder in the order of their arrival, or those that belong to a trace. A
 * line that is being written, or of an older version, is left out.
 */
export async function* readSpans(folder: string, traceId?: string): AsyncGenerator<Span> {
  for await (const span of readLines(folder, traceId ?? '')) {
    if ((traceId ?? span.traceId) === span.traceId) yield span;
  }
}

/** Reads the spans of other traces that link to a trace. */
export async function* readLinkingSpans(folder: string, traceId: string): AsyncGenerator<Span> {
  for await (const span of readLines(folder, traceId)) {
    const isLinking = span.links.some((link) => link.traceId === traceId);
    if (isLinking && span.traceId !== traceId) yield span;
  }
}

async function* readLines(folder: string, text: string): AsyncGenerator<Span> {
  await using opened = new AsyncDisposableStack();
  for (const file of await openAll(folder, opened)) {
    for await (const line of file.readLines({ autoClose: false })) {
      const span = line.includes(text) ? parseSpan(line) : undefined;
      if (span !== undefined) yield span;
    }
  }
}

/** Opens the files, the newest first: a file that gets the name of an older one is found twice. */
async function openAll(folder: string, opened: AsyncDisposableStack): Promise<FileHandle[]> {
  const files = new Map<number, FileHandle>();
  for (const name of SPAN_FILES.toReversed()) {
    const file = await openIfThere(join(folder, name));
    if (file === undefined) continue;
    opened.use(file);
    const { ino } = await file.stat();
    if (!files.has(ino)) files.set(ino, file);
  }
  return [...files.values()].toReversed();
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (fault) {
    if (fault instanceof Error && 'code' in fault && fault.code === 'ENOENT') return undefined;
    throw fault;
  }
}

function parseSpan(line: string): Span | undefined {
  try {
    const span: unknown = JSON.parse(line);
    return spanCheck.Check(span) ? span : undefined;
  } catch {
    // The end of the line is not written yet.
    return undefined;
  }
}
