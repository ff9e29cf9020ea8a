import { BARE_LOOP, type MailFigure } from './measurements/mail.ts';
import type { MailLagFigure } from './measurements/mail-lag.ts';
import { describeCpu } from './report.ts';

/** Formats the median round of each way as a Markdown table, with ratios to the bare loop. */
export function toMailTable(figures: readonly MailFigure[]): string {
  const rateOf = ({ mails, seconds }: MailFigure) => mails / seconds;
  const medians = [...Map.groupBy(figures, ({ way }) => way).values()].flatMap((rounds) => {
    const sorted = rounds.toSorted((a, b) => rateOf(a) - rateOf(b));
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? [];
  });
  const bare = medians.find(({ way }) => way === BARE_LOOP);
  const rows = medians.map((figure) => [
    figure.way,
    figure.mails,
    rateOf(figure).toFixed(0),
    (rateOf(figure) / (bare === undefined ? Number.NaN : rateOf(bare))).toFixed(2),
    describeCpu(figure.cpuMs),
  ]);
  return toTable(['way', 'mails', 'mails/s', '× loop', 'CPU ms per mail'], rows);
}

/** Formats the lag of mails as a Markdown table. */
export function toMailLagTable(figures: readonly MailLagFigure[]): string {
  const rows = figures.map((figure) => [
    figure.rate.toFixed(0),
    figure.sent,
    ...[figure.accept, figure.acceptToMail].flatMap(({ p50, p99, max }) =>
      [p50, p99, max].map((ms) => ms.toFixed(1)),
    ),
    describeCpu(figure.cpuMs),
  ]);
  const head = [
    'registrations/s',
    'mails',
    'accept p50 ms',
    'p99',
    'max',
    'accept to mail p50 ms',
    'p99',
    'max',
    'CPU ms per registration',
  ];
  return toTable(head, rows);
}

function toTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
