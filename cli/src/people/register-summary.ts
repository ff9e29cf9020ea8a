import { alignColumns, paint, type Screen, toPrintable } from '../framework/io.ts';
import type { LineReport, RegisterReport } from './register-report.ts';

/** Maximum number of lines in the summary. `--json` has more. */
const SHOWN_LINES = 100;

const MEANINGS: Readonly<Record<string, string>> = {
  'no-answer': 'nothing answered',
  'unexpected-answer': 'the answer is not one of Zameni',
  'too-many-failures': 'too many consecutive lines failed',
  'input-unreadable': 'the rest of the input could not be read',
  unauthorized: 'the token is not valid here; see npx zameni token --help',
  'log-full': 'the log has no room for more; try again later',
  'not-found': 'there is no Zameni at this address',
};

/** Formats the summary: first each line that registered nobody, then the numbers. */
export function summarize(report: RegisterReport, screen: Screen): string {
  const { read, seconds, stopped, accepted, erased, unfinished } = report;
  const rate = seconds > 0 ? ` (${Math.round(read / seconds).toLocaleString('en')} a second)` : '';
  const count = (n: number) => n.toLocaleString('en').padStart(9);
  const alarm = (n: number, text: string) => (n > 0 ? paint(screen, 'red', text) : text);
  return `${[
    ...problemLines(report),
    `registered${count(report.registered)}`,
    ...(accepted > 0 ? [`accepted  ${count(accepted)}  (their mailboxes wait for proof)`] : []),
    `duplicate ${count(report.duplicate)}`,
    ...(erased > 0 ? [`erased    ${count(erased)}  (registered before, and erased since)`] : []),
    alarm(report.invalid, `invalid   ${count(report.invalid)}`),
    alarm(report.failed, `failed    ${count(report.failed)}`),
    ...(unfinished > 0 ? [`unfinished${count(unfinished)}`] : []),
    '',
    `${read.toLocaleString('en')} lines in ${seconds.toFixed(1)} s${rate}.`,
    ...(stopped === null
      ? []
      : [
          `Stopped before the end: ${explain(stopped)}.`,
          'Run the same command again to continue. Nobody is registered twice.',
        ]),
  ].join('\n')}\n`;
}

/** Explains a code. Returns the code itself if there is no explanation. */
export function explain(code: string): string {
  return MEANINGS[code] ?? code;
}

function problemLines({ lines, linesLeftOut }: RegisterReport): string[] {
  if (lines.length === 0) return [];
  const rows = lines.slice(0, SHOWN_LINES).flatMap(toRows);
  const more = lines.length + linesLeftOut - SHOWN_LINES;
  return [
    ...alignColumns(rows),
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} more lines (--json lists 10,000)`] : []),
    '',
  ];
}

function toRows({ line, result, code, status, errors }: LineReport): string[][] {
  const head = [`line ${line}`, result];
  const answer = status === null ? code : `${code} (${status})`;
  if (errors.length === 0) return [[...head, answer]];
  return errors.map(({ pointer, code }) => [
    ...head,
    pointer === '' ? code : `${toPrintable(pointer)} ${code}`,
  ]);
}
