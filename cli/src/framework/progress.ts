import type { Screen } from './io.ts';

/** The progress of a command. */
export type ProgressState = {
  readonly done: number;
  readonly failed: number;
  /** Bytes done, and the total. The total of a pipe is unknown. */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly elapsedMs: number;
};

/** Milliseconds between two updates. */
const REDRAW_MS = 100;
const MAX_BAR = 30;
const CLEAR_TO_END = '\u001b[K';

/** Shows a progress line on a terminal until it is disposed. Writes nothing to other outputs. */
export function showProgress(screen: Screen, state: () => ProgressState): Disposable {
  if (!screen.isTerminal) return { [Symbol.dispose]: () => undefined };
  const draw = () =>
    screen.write(`\r${drawProgress(state(), screen.columns() - 1)}${CLEAR_TO_END}`);
  const timer = setInterval(draw, REDRAW_MS);
  draw();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      screen.write(`\r${CLEAR_TO_END}`);
    },
  };
}

/** Formats one line of at most `columns` characters. A narrow terminal gets fewer parts. */
export function drawProgress(state: ProgressState, columns: number): string {
  const { done, failed, bytes, totalBytes, elapsedMs } = state;
  const share = totalBytes ? Math.min(1, bytes / totalBytes) : undefined;
  const percent = share === undefined ? '' : `${Math.floor(share * 100)}%`.padStart(4);
  const people = `${done.toLocaleString('en')} lines`;
  const rate = `${Math.round((done * 1_000) / Math.max(1, elapsedMs)).toLocaleString('en')}/s`;
  const faults = failed > 0 ? `${failed.toLocaleString('en')} not accepted` : '';
  const left = share === undefined || share < 0.01 ? '' : toTimeLeft(elapsedMs / share - elapsedMs);
  const parts = [percent, people, faults, rate, left].filter((part) => part !== '');
  while (parts.length > 1 && parts.join('  ').length > columns) parts.pop();
  const text = parts.join('  ');
  const room = Math.min(MAX_BAR, columns - text.length - 3);
  if (share === undefined || room < 8) return text.slice(0, Math.max(0, columns));
  return `${drawBar(share, room)} ${text.trimStart()}`.slice(0, columns);
}

/** Draws a bar of `width` characters and two brackets. */
export function drawBar(share: number, width: number): string {
  const filled = Math.round(share * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

/** Formats the time that is left, in its two largest units. */
export function toTimeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s left` : `${seconds} s left`;
}
