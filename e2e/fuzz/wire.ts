import { connect, type Socket } from 'node:net';

/** One HTTP answer as received. */
export type Answer = {
  readonly status: number;
  /** Names in lower case, in the order sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
};

/** The result of sending bytes. `fault` names behaviour that no server may show. */
export type Exchange = { readonly answers: readonly Answer[]; readonly fault?: string };

/** Milliseconds in which an answer, or the end of the connection, must come. */
const DEADLINE_MS = 9_000;

/** The value of a header. Undefined if it is missing. */
export function headerOf(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([key]) => key === name.toLowerCase())?.[1];
}

/** Sends bytes on a connection of their own, half closes it, and reads until it ends. */
export async function sendAndEnd(port: number, bytes: Buffer): Promise<Exchange> {
  const connection = open(port);
  connection.socket.end(bytes);
  const isOver = await connection.waitFor(() => connection.ended);
  connection.socket.destroy();
  const answers: Answer[] = [];
  try {
    let rest = connection.received();
    while (rest.length > 0) {
      const read = readAnswer(rest, false);
      if (read === undefined) return { answers, fault: 'an answer breaks off' };
      rest = read.rest;
      if (read.answer.status >= 200) answers.push(read.answer);
    }
  } catch (error) {
    return { answers, fault: error instanceof Error ? error.message : String(error) };
  }
  return isOver ? { answers } : { answers, fault: `nothing ended within ${DEADLINE_MS} ms` };
}

/** A client that keeps its connection and sends one request after the other. */
export type Client = {
  readonly send: (bytes: Buffer, isHead: boolean) => Promise<Exchange>;
  readonly close: () => void;
};

/**
 * Creates a client of one port. A connection that the server closes between requests is renewed.
 */
export function createClient(port: number): Client {
  let kept: Connection | undefined;
  const exchange = async (bytes: Buffer, isHead: boolean): Promise<Exchange | 'gone'> => {
    const isReused = kept !== undefined;
    const connection = kept ?? open(port);
    kept = undefined;
    connection.socket.write(bytes);
    const isOver = await connection.waitFor(
      () => connection.ended || readFinal(connection.received(), isHead) !== undefined,
    );
    const read = readFinal(connection.received(), isHead);
    if (read === undefined) {
      connection.socket.destroy();
      if (isReused && connection.received().length === 0 && isOver) return 'gone';
      const what = isOver ? 'closed without an answer' : `no answer within ${DEADLINE_MS} ms`;
      return { answers: [], fault: what };
    }
    const keeps = !/close/i.test(headerOf(read.answer, 'connection') ?? '');
    if (read.rest.length > 0) {
      connection.socket.destroy();
      return { answers: [read.answer], fault: `${read.rest.length} bytes behind the answer` };
    }
    if (keeps && !connection.ended) {
      connection.clear();
      kept = connection;
    } else connection.socket.destroy();
    return { answers: [read.answer] };
  };
  return {
    send: async (bytes, isHead) => {
      try {
        const first = await exchange(bytes, isHead);
        if (first !== 'gone') return first;
        const second = await exchange(bytes, isHead);
        return second === 'gone' ? { answers: [], fault: 'closed without an answer' } : second;
      } catch (error) {
        return { answers: [], fault: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => kept?.socket.destroy(),
  };
}

type Connection = {
  readonly socket: Socket;
  readonly received: () => Buffer;
  readonly clear: () => void;
  readonly ended: boolean;
  /** Whether the condition became true. It is checked when bytes arrive. */
  readonly waitFor: (condition: () => boolean) => Promise<boolean>;
};

function open(port: number): Connection {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  let chunks: Buffer[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  const end = () => {
    ended = true;
    wake();
  };
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  socket.on('end', end).on('close', end).on('error', end);
  return {
    socket,
    received: () => (chunks = [Buffer.concat(chunks)])[0] ?? Buffer.alloc(0),
    clear: () => void (chunks = []),
    get ended() {
      return ended;
    },
    waitFor: (condition) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), DEADLINE_MS);
        wake = () => {
          // The caller parses unreadable bytes again and reports them.
          if (!holds(condition)) return;
          clearTimeout(timer);
          resolve(true);
        };
        wake();
      }),
  };
}

function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return true;
  }
}

type Read = { readonly answer: Answer; readonly rest: Buffer };

/** The first answer that is not an interim one (100 Continue). */
function readFinal(bytes: Buffer, isHead: boolean): Read | undefined {
  const read = readAnswer(bytes, isHead);
  return read !== undefined && read.answer.status < 200 ? readFinal(read.rest, isHead) : read;
}

/**
 * Reads one answer from the bytes. Undefined if it is incomplete. Throws if it is not an answer.
 */
export function readAnswer(bytes: Buffer, isHead: boolean): Read | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d) [\x20-\x7e]*$/.exec(statusLine)?.[1]);
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine.slice(0, 60))}`);
  const headers = lines.map((line): readonly [string, string] => {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)$/.exec(line);
    if (match === null) throw new Error(`not a header: ${JSON.stringify(line.slice(0, 60))}`);
    return [(match[1] ?? '').toLowerCase(), match[2] ?? ''];
  });
  const behind = bytes.subarray(headEnd + 4);
  const bare = { answer: { status, headers, body: Buffer.alloc(0) }, rest: behind };
  if (isHead || status < 200 || status === 204 || status === 304) return bare;
  if (/chunked/i.test(headerOf(bare.answer, 'transfer-encoding') ?? '')) {
    const read = readChunks(behind);
    return read && { answer: { status, headers, body: read.body }, rest: read.rest };
  }
  const length = headerOf(bare.answer, 'content-length');
  if (length === undefined || !/^\d+$/.test(length)) throw new Error('an answer without a length');
  if (behind.length < Number(length)) return undefined;
  const body = behind.subarray(0, Number(length));
  return { answer: { status, headers, body }, rest: behind.subarray(Number(length)) };
}

function readChunks(bytes: Buffer): { readonly body: Buffer; readonly rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('not a chunk size');
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), rest: bytes.subarray(end + 2) };
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
