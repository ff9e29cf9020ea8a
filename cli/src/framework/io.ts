import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

/** A stream that is written to, and what the one who reads it can show. */
export type Screen = {
  readonly write: (text: string) => unknown;
  /** True when a person looks at it and the cursor can be moved. */
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  readonly columns: () => number;
};

/** The outside of a command. */
export type Io = {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** What a colour says: well, worth a look, wrong, less important. */
export type Color = 'green' | 'yellow' | 'red' | 'dim';

/** Columns of a terminal that does not tell. */
const USUAL_COLUMNS = 80;

type Stream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly hasColors?: () => boolean;
};

/** Makes a screen of a stream; NO_COLOR and TERM=dumb are heeded. */
export function createScreen(stream: Stream, env: Io['env']): Screen {
  const isTerminal = stream.isTTY === true && env['TERM'] !== 'dumb';
  return {
    write: (text) => stream.write(text),
    isTerminal,
    hasColors: isTerminal && !env['NO_COLOR'] && stream.hasColors?.() === true,
    columns: () => stream.columns || USUAL_COLUMNS,
  };
}

/** Colours a text when the screen shows colours. */
export function paint(screen: Screen, color: Color, text: string): string {
  return screen.hasColors ? styleText(color, text, { validateStream: false }) : text;
}

/**
 * Writes characters that would steer a terminal or turn the reading direction as `\u{…}`: profiles
 * and names of fields come from outside.
 */
export function toPrintable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Pads the cells of each column but the last to the same width. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
