/** NDJSON that a client sends: the text itself, or its lines as values. */
export type LinesToSend<Line> = string | Iterable<Line> | AsyncIterable<Line>;

/** Returns the NDJSON body of a request. Values are encoded only as fast as they are sent. */
export function toLinesBody(lines: LinesToSend<unknown>): string | ReadableStream<Uint8Array> {
  return typeof lines === 'string' ? lines : ReadableStream.from(encodeLines(lines));
}

async function* encodeLines(
  values: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`);
}

/** Yields the lines of an answer as they arrive. Throws if the answer breaks off. */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
