import type { ImportLine, ImportRow, ImportSummary } from '@zameni/contracts';
import type { Positions } from '@zameni/runtime';
import type { ImportedRow } from './row.ts';

/** Number of outcomes in one write. */
const ROWS_A_WRITE = 256;

/** Yields the answer to an import as rows finish: their outcomes in order, then the summary. */
export async function* writeAnswer(
  rows: readonly Promise<ImportedRow>[],
  positions: Positions,
): AsyncGenerator<string> {
  const counts = { registered: 0, refused: 0, invalid: 0, failed: 0 };
  let last = 0;
  for (let from = 0; from < rows.length; from += ROWS_A_WRITE) {
    const done = await Promise.all(rows.slice(from, from + ROWS_A_WRITE));
    for (const { row, position = 0 } of done) {
      counts[row.outcome] += 1;
      last = Math.max(last, position);
    }
    yield done.map(({ row }) => toLine(row)).join('');
  }
  const summary: ImportSummary = {
    rows: rows.length,
    ...counts,
    ...(last === 0 ? {} : { position: positions.seal(last) }),
  };
  yield toLine(summary);
}

/** Whether the log decided a row, so that the row need not be sent again. */
export function isTakenIn({ outcome }: ImportRow): boolean {
  return outcome !== 'failed' && outcome !== 'invalid';
}

function toLine(line: ImportLine): string {
  return `${JSON.stringify(line)}\n`;
}
