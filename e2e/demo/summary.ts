import type { DemoReport } from './run.ts';

/** Lines of faults in a summary, so that it stays on a screen. */
const SHOWN_FAULTS = 20;

/** Formats the summary of a demo: counts, times, and the first faults. */
export function summarizeDemo(report: DemoReport, people: number): string {
  const { accepted, readBack, awaitingProof, refused, faults } = report;
  const ms = (value: number) => `${value.toFixed(1)} ms`.padStart(10);
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const left = faults.length - SHOWN_FAULTS;
  return `${[
    `accepted            ${accepted} of ${people}`,
    `became readable     ${readBack} of ${people}`,
    `read back as sent   ${readBack - differing(faults)} of ${people}`,
    `await proof         ${awaitingProof}`,
    `refused             ${refusedCount}${refusals.length > 0 ? ` (${refusals.join(', ')})` : ''}`,
    `accept              p50 ${ms(report.accept.p50)}   p99 ${ms(report.accept.p99)}`,
    `accept to readable  p50 ${ms(report.acceptToReadable.p50)}   p99 ${ms(report.acceptToReadable.p99)}`,
    `took                ${report.seconds.toFixed(1)} s`,
    ...faults.slice(0, SHOWN_FAULTS),
    ...(left > 0 ? [`… and ${left} more`] : []),
  ].join('\n')}\n`;
}

function differing(faults: readonly string[]): number {
  return faults.filter((fault) => fault.includes('differs')).length;
}
