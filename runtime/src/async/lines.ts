/** One line of a file, without its line end. */
export type Line = {
  /** Number of the line, from 1, including blank lines. */
  readonly number: number;
  /** Bytes from the start of the file to the end of this line. */
  readonly endsAt: number;
  /** The bytes of the line; undefined if it is longer than `maxBytes`. */
  readonly content: Buffer | undefined;
};

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/**
 * Splits a stream of bytes into lines. It buffers at most one chunk and one line of `maxBytes`. A
 * longer line has a number and an end, but no content. A byte order mark at the start is dropped.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<Line> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let number = 0;
  let endsAt = 0;
  // A byte order mark and a carriage return are trimmed later, so they do not count.
  const limit = maxBytes + BYTE_ORDER_MARK.length + 1;
  const hold = (part: Buffer) => {
    heldBytes += part.length;
    if (heldBytes > limit) held = [];
    else held.push(part);
  };
  const takeLine = (lineEndBytes: 0 | 1): Line => {
    number += 1;
    endsAt += heldBytes + lineEndBytes;
    const content = heldBytes > limit ? undefined : trimLine(Buffer.concat(held), number === 1);
    held = [];
    heldBytes = 0;
    return {
      number,
      endsAt,
      content: content === undefined || content.length > maxBytes ? undefined : content,
    };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      hold(chunk.subarray(from, at));
      from = at + 1;
      yield takeLine(1);
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (heldBytes > 0) yield takeLine(0);
}

function trimLine(line: Buffer, isFirst: boolean): Buffer {
  const mark = BYTE_ORDER_MARK.length;
  const start = isFirst && line.subarray(0, mark).equals(BYTE_ORDER_MARK) ? mark : 0;
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  return line.subarray(start, Math.max(start, end));
}
