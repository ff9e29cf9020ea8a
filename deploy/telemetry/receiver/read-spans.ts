import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
  for (const name of SPAN_FILES) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
    for await (const line of lines) {
      const span = line.includes(text) ? parseSpan(line) : undefined;
      if (span !== undefined) yield span;
    }
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
