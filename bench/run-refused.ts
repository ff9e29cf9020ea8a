import { StackError } from '../deploy/local/output/stack-error.ts';
import { measureRefused, type RefusedFigure } from './measurements/refused.ts';
import { printedToken } from './print-token.ts';
import { describeMachine } from './report.ts';
import type { Settings } from './settings.ts';

/** Most times that a refused request may cost the cheapest accepted one. */
const GOAL = 5;

/** Measures the dearest refused requests. Throws if one misses the goal. */
export async function runRefused({ stack, terminal, seconds }: Settings): Promise<void> {
  const figures = await measureRefused({
    stack,
    seconds,
    token: await printedToken(),
    onFigure: ({ kind, status, cpuMs }) =>
      terminal.line(`${kind.padEnd(40)} ${status}  ${(cpuMs * 1e3).toFixed(0).padStart(6)} µs CPU`),
  });
  const accepted = figures.filter(({ status }) => status < 300).map(({ cpuMs }) => cpuMs);
  const cheapestMs = Math.min(...accepted);
  terminal.line(`\n${describeMachine()}\n\n${toRefusedTable(figures, cheapestMs)}`);
  const dear = figures.filter(({ status, cpuMs }) => status >= 300 && cpuMs > GOAL * cheapestMs);
  if (dear.length > 0) {
    throw new StackError(`dearer than ${GOAL} times: ${dear.map(({ kind }) => kind).join('; ')}`);
  }
}

/** Formats the costs as a Markdown table. */
function toRefusedTable(figures: readonly RefusedFigure[], cheapestMs: number): string {
  const rows = figures.map(({ kind, status, requests, cpuMs }) => [
    kind,
    status,
    requests,
    (cpuMs * 1e3).toFixed(0),
    (cpuMs / cheapestMs).toFixed(2),
  ]);
  const head = ['request', 'status', 'sent', 'CPU µs each', '× cheapest accepted'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
