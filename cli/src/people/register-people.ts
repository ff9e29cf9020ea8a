import type { Line } from '@zameni/runtime';
import type { LineResult } from './register-report.ts';

/** The input, and how to process its lines. */
export type RegisterPeopleOptions = {
  readonly lines: AsyncGenerator<Line>;
  readonly concurrency: number;
  /** Sends one line. Never rejects because of the line. The signal ends its retries. */
  readonly send: (content: Buffer, signal: AbortSignal) => Promise<LineResult>;
  /** Stops reading. Pending lines are still awaited. */
  readonly signal: AbortSignal;
  /** Closes the input, so that no worker waits for a line that is never sent. */
  readonly closeInput: () => void;
  readonly onDone: (line: Line, result: LineResult) => void;
};

/** Number of consecutive failures after which no more lines are sent. */
const MAX_FAILURES_IN_A_ROW = 64;

/**
 * Registers the people of an input with concurrent workers. Resolves to the reason if it ends
 * before the input, otherwise to null. A worker takes a line only when it is free, so no lines are
 * read ahead.
 */
export async function registerPeople(options: RegisterPeopleOptions): Promise<string | null> {
  const { lines, concurrency, send, signal, closeInput, onDone } = options;
  const stopping = new AbortController();
  const ending = AbortSignal.any([signal, stopping.signal]);
  let stopped: string | null = null;
  let failuresInARow = 0;
  const stop = (reason: string) => {
    stopped ??= reason;
    stopping.abort();
    closeInput();
  };
  const finish = (line: Line, result: LineResult) => {
    failuresInARow = result.result === 'failed' ? failuresInARow + 1 : 0;
    if (result.result === 'hopeless') stop(result.code);
    if (failuresInARow >= MAX_FAILURES_IN_A_ROW) stop('too-many-failures');
    onDone(line, result);
  };
  const worker = async () => {
    while (!ending.aborted) {
      const line = await nextLine(lines, signal).catch(() => stop('input-unreadable'));
      if (line === undefined || ending.aborted) return;
      const text = decode(line.content);
      if (text?.trim() === '') continue;
      if (line.content === undefined) finish(line, invalid('payload-too-large'));
      else if (text === undefined || !isJson(text)) finish(line, invalid('malformed-json'));
      else finish(line, await send(line.content, ending));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return signal.aborted ? 'interrupted' : stopped;
}

async function nextLine(
  lines: AsyncGenerator<Line>,
  signal: AbortSignal,
): Promise<Line | undefined> {
  try {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    // An interrupt closes the input during the read.
    if (signal.aborted) return undefined;
    throw error;
  }
}

function invalid(code: string): LineResult {
  return { result: 'invalid', code, status: null, errors: [] };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(content: Buffer | undefined): string | undefined {
  if (content === undefined) return undefined;
  try {
    return utf8.decode(content);
  } catch {
    // Not UTF-8, and so not JSON.
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The parser's message quotes the line, so it is not passed on.
    return false;
  }
}
