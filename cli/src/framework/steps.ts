import type { Screen } from './io.ts';

/** Shows the current step of a long command, and its progress. */
export type StepProgress = Disposable & {
  readonly reportStep: (step: string, detail?: string) => void;
};

const CLEAR_TO_END = '\u001b[K';

/** Shows one changing line on a terminal until disposed. Other outputs get a line per step. */
export function showSteps(screen: Screen): StepProgress {
  let last = '';
  return {
    reportStep: (step, detail = '') => {
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
