import { setImmediate } from 'node:timers/promises';
import { AppError, type Line } from '@zameni/runtime';
import type { ImportedRow } from './row.ts';

/** How the rows of an upload are taken in. */
export type IntakeOptions = {
  readonly lines: AsyncIterable<Line>;
  /** Takes one row in; never rejects. */
  readonly importRow: (line: Line) => Promise<ImportedRow>;
  /** Most rows; of blank lines as many may lie between them. */
  readonly maxRows: number;
  /** Most rows under way at once: the next line is read only when one of them is done. */
  readonly concurrency: number;
};

/** The rows that were begun, in their order, and what ended the upload before its own end. */
export type Intake = {
  readonly rows: readonly Promise<ImportedRow>[];
  readonly fault?: unknown;
};

/**
 * Milliseconds of rows without a pause: lines that are there already are read, and refused, without
 * one, and an upload full of them would hold up everybody else for seconds.
 */
const MAX_TURN_MS = 10;

/** Takes the rows of an upload in as it comes; blank lines are none. It never rejects. */
export async function takeRows(options: IntakeOptions): Promise<Intake> {
  const { lines, importRow, maxRows, concurrency } = options;
  const rows: Promise<ImportedRow>[] = [];
  const waitForRoom = createRoom(concurrency);
  let blankLines = 0;
  let turnEndsAt = performance.now() + MAX_TURN_MS;
  try {
    for await (const line of lines) {
      if (performance.now() > turnEndsAt) {
        await setImmediate();
        turnEndsAt = performance.now() + MAX_TURN_MS;
      }
      if (isBlank(line)) {
        blankLines += 1;
        if (blankLines > maxRows) throw tooMany(maxRows, 'blank lines');
        continue;
      }
      if (rows.length === maxRows) throw tooMany(maxRows, 'rows');
      const leave = await waitForRoom();
      rows.push(importRow(line).finally(leave));
    }
    return { rows };
  } catch (fault) {
    return { rows, fault };
  }
}

function tooMany(max: number, what: 'rows' | 'blank lines'): AppError {
  return new AppError('payload-too-large', { detail: `An import takes ${max} ${what}` });
}

/** Room for so many; a single caller waits at a time. */
function createRoom(size: number): () => Promise<() => void> {
  let taken = 0;
  let wake: (() => void) | undefined;
  const leave = () => {
    taken -= 1;
    wake?.();
  };
  return async () => {
    if (taken === size) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    taken += 1;
    return leave;
  };
}

function isBlank({ content }: Line): boolean {
  return content !== undefined && content.every((byte) => byte === 0x20 || byte === 0x09);
}
