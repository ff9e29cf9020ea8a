import { Readable } from 'node:stream';
import type { Io, Screen } from './io.ts';

/** Creates a screen that keeps its output in memory. */
export function createMemoryScreen(options: Partial<Screen> = {}): Screen & { text: () => string } {
  const written: string[] = [];
  return {
    write: (text) => written.push(text),
    text: () => written.join(''),
    isTerminal: false,
    hasColors: false,
    columns: () => 80,
    ...options,
  };
}

/** Creates an Io that keeps its output in memory. */
export function createMemoryIo(): Io & { out: () => string; err: () => string } {
  const stdout = createMemoryScreen();
  const stderr = createMemoryScreen();
  const stdin = Readable.from([]);
  return { stdout, stderr, stdin, env: {}, out: stdout.text, err: stderr.text };
}
