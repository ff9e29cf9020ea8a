import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

/** An output stream, and the capabilities of its reader. */
export type Screen = {
  readonly write: (text: string) => unknown;
  /** True if the reader is a terminal whose cursor can move. */
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  readonly columns: () => number;
};

/** The input, output and environment of a command. */
export type Io = {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Colours: good, suspicious, wrong, less important. */
export type Color = 'green' | 'yellow' | 'red' | 'dim';

/** Columns of a terminal that does not report them. */
const DEFAULT_COLUMNS = 80;

type Stream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly hasColors?: () => boolean;
};

/**
 * Creates a screen for a stream. It respects NO_COLOR and TERM=dumb. `onWritten` is called after
 * each write.
 */
export function createScreen(stream: Stream, env: Io['env'], onWritten: () => void): Screen {
  const isTerminal = stream.isTTY === true && env['TERM'] !== 'dumb';
  return {
    write: (text) => {
      stream.write(text);
      onWritten();
    },
    isTerminal,
    hasColors: isTerminal && !env['NO_COLOR'] && stream.hasColors?.() === true,
    columns: () => stream.columns || DEFAULT_COLUMNS,
  };
}

/** Colours a text if the screen shows colours. */
export function paint(screen: Screen, color: Color, text: string): string {
  return screen.hasColors ? styleText(color, text, { validateStream: false }) : text;
}

/** Characters that control a terminal or change the reading direction. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Escapes characters that control a terminal or change the reading direction as `\u{…}`, because
 * profiles and names of fields come from clients.
 */
export function toPrintable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u{${hexOf(character)}}`);
}

/** Writes a report as one line of JSON, for `--json`. The same characters are escapes of JSON. */
export function toJsonLine(report: object): string {
  const escape = (character: string) => `\\u${hexOf(character).padStart(4, '0')}`;
  return `${JSON.stringify(report).replaceAll(UNPRINTABLE, escape)}\n`;
}

function hexOf(character: string): string {
  return character.codePointAt(0)?.toString(16) ?? '';
}

/** Pads the cells of each column except the last to the same width. */
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
