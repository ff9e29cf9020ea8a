import { setImmediate } from 'node:timers/promises';
import { AppError, type Line } from '@zameni/runtime';
import type { ImportedRow } from './row.ts';

/** Source and bounds of the rows of an upload. */
export type IntakeOptions = {
  readonly lines: AsyncIterable<Line>;
  /** Imports one row. Never rejects. */
  readonly importRow: (line: Line) => Promise<ImportedRow>;
  /** Maximum rows. The upload may contain as many blank lines. */
  readonly maxRows: number;
  /** Maximum concurrent rows. The next line is read only after one of them is done. */
  readonly concurrency: number;
};

/** The rows that began, in their order, and the fault if the upload ended early. */
export type Intake = {
  readonly rows: readonly Promise<ImportedRow>[];
  readonly fault?: unknown;
};

/**
 * Milliseconds of rows without a pause. Lines that have already arrived are read and refused
 * without any wait, so an upload full of them would block all other requests for seconds.
 */
const MAX_TURN_MS = 10;

/** Imports the rows of an upload as it arrives and skips blank lines. Never rejects. */
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

/** Creates a semaphore of a size. Only one caller may wait at a time. */
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
