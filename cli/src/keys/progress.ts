import type { Screen } from '../framework/io.ts';

/** Shows what a long command does: what it is at, and how far that is. */
export type StepProgress = Disposable & { readonly tell: (step: string, detail?: string) => void };

const CLEAR_TO_END = '\u001b[K';

/** On a terminal one line that changes and is gone at the end; elsewhere a line for each step. */
export function showSteps(screen: Screen): StepProgress {
  let last = '';
  return {
    tell: (step, detail = '') => {
      if (screen.isTerminal) {
        const text = detail === '' ? step : `${step}: ${detail}`;
        screen.write(`\r${text.slice(0, screen.columns() - 1)}${CLEAR_TO_END}`);
      } else if (step !== last) screen.write(`${step}\n`);
      last = step;
    },
    [Symbol.dispose]: () => {
      if (screen.isTerminal && last !== '') screen.write(`\r${CLEAR_TO_END}`);
    },
  };
}
