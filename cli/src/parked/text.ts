import { PARK_REASONS, type ParkedSubject } from '@zameni/contracts';
import { alignColumns, type Color, paint, type Screen, toPrintable } from '../framework/io.ts';
import type { Outcome, SubjectOutcome } from './until-done.ts';

/** Formats parked subjects as a table, with one line for each. */
export function toParkedTable(parked: readonly ParkedSubject[], screen: Screen): string {
  if (parked.length === 0) return 'Nothing is parked.\n';
  const rows = parked.map(({ reason, parkedAt, waiting, position, id }) => [
    reason,
    parkedAt,
    String(waiting),
    String(position),
    toPrintable(id),
  ]);
  const header = ['reason', 'since', 'waiting', 'position', 'id'];
  const [first = '', ...lines] = alignColumns([header, ...rows]);
  return `${[paint(screen, 'dim', first), ...lines].join('\n')}\n`;
}

/** Formats everything that is known about each parked subject. */
export function toParkedDetails(parked: readonly ParkedSubject[], screen: Screen): string {
  return parked.map((park) => toDetails(park, screen)).join('\n');
}

function toDetails(park: ParkedSubject, screen: Screen): string {
  const { subject, projection, version, reason, detail, traceId, redriveRequestedAt } = park;
  const meanings: Readonly<Record<string, string>> = PARK_REASONS;
  const meaning = meanings[reason];
  const rows = [
    ['subject', subject],
    ['projection', `${projection}, version ${version}`],
    ['reason', meaning === undefined ? reason : `${reason}: ${meaning}`],
    ...(detail === null ? [] : [['detail', detail]]),
    ['since', park.parkedAt],
    ['tries', String(park.tries)],
    ['position', String(park.position)],
    ['waiting', `${park.waiting} records, the last at ${park.lastPosition}`],
    ...(traceId === null ? [] : [['trace', traceId]]),
    ...(redriveRequestedAt === null ? [] : [['redrive requested', redriveRequestedAt]]),
  ];
  const printable = rows.map(([name = '', value = '']) => [name, toPrintable(value)]);
  return alignColumns(printable)
    .map((line, index) => {
      const name = rows[index]?.[0] ?? '';
      return `${paint(screen, 'dim', name)}${line.slice(name.length)}\n`;
    })
    .join('');
}

const COLORS = {
  done: 'green',
  'parked-again': 'red',
  'not-done': 'red',
  requested: 'yellow',
  'not-parked': 'yellow',
  untouched: 'dim',
} as const satisfies Record<Outcome, Color>;

/** Formats what became of each subject, and the sums. */
export function toOutcomeTable(subjects: readonly SubjectOutcome[], screen: Screen): string {
  if (subjects.length === 0) return 'Nothing is parked.\n';
  const rows = subjects.map(({ id, outcome, park }) => [
    outcome,
    outcome === 'done' || park === null ? '-' : park.reason,
    park === null ? '-' : String(park.position),
    toPrintable(park?.id ?? id),
  ]);
  const lines = alignColumns(rows).map((line, index) => {
    const outcome = subjects[index]?.outcome ?? 'done';
    return `${paint(screen, COLORS[outcome], outcome)}${line.slice(outcome.length)}\n`;
  });
  const counts = Map.groupBy(subjects, ({ outcome }) => outcome);
  const sums = [...counts].map(([outcome, some]) => `${some.length} ${outcome}`).join(', ');
  return `${lines.join('')}\n${sums}\n`;
}
