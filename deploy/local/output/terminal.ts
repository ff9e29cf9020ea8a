import { styleText } from 'node:util';

const FIRST_NOTICE_MS = 2_000;
const NOTICE_EVERY_MS = 10_000;
const PREFIX_WIDTH = 17;

/** Reports to the person at the keyboard what the stack is doing. */
export type Terminal = {
  readonly line: (text: string) => void;
  readonly fault: (text: string) => void;
  readonly prefixed: (source: string, text: string) => void;
  readonly done: (title: string, elapsedMs: number) => void;
  readonly success: (text: string) => void;
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
};

/** The output of a terminal. A test passes an array's push. */
export type TerminalOptions = {
  readonly write: (text: string) => void;
  readonly now: () => number;
};

/** Creates a terminal that prints whole lines only, so that concurrent writers never mix. */
export function createTerminal({ write, now }: TerminalOptions): Terminal {
  const line = (text: string) => write(`${text}\n`);
  const success = (text: string) => line(`  ${styleText('green', '✔')} ${text}`);
  const done = (title: string, elapsedMs: number) =>
    success(`${title}${styleText('dim', `  ${inSeconds(elapsedMs)}`)}`);

  /** Prints a title if its work takes long, again every ten seconds, and the time at the end. */
  async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const startedAt = now();
    let timer = setTimeout(notice, FIRST_NOTICE_MS);
    function notice(): void {
      line(`  … ${title}${styleText('dim', `  ${inSeconds(now() - startedAt)}`)}`);
      timer = setTimeout(notice, NOTICE_EVERY_MS);
    }
    try {
      const result = await work();
      done(title, now() - startedAt);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    line,
    done,
    success,
    step,
    fault: (text) => line(`${styleText('red', '✘')} ${text}`),
    prefixed: (source, text) => {
      for (const part of text.split('\n')) {
        line(`${styleText('dim', `${source.padEnd(PREFIX_WIDTH)}│`)} ${part}`);
      }
    },
  };
}

/** Formats a time for people. */
export function inSeconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`;
}
