import type { LedgerMessage, MessageState, MessageView } from '@zameni/contracts';
import { alignColumns, type Color, paint, type Screen, toPrintable } from '../framework/io.ts';
import type { Listed } from './pages.ts';
import type { RedriveOutcome, RedriveReport } from './reports.ts';

const STATE_COLORS = {
  waiting: 'yellow',
  sending: 'yellow',
  sent: 'green',
  merged: 'dim',
  'not-needed': 'dim',
  abandoned: 'red',
  unknown: 'red',
} as const satisfies Record<MessageState, Color>;

/** Formats the mails to a person as a table, with one line for each. */
export function toMessagesTable(messages: readonly MessageView[], screen: Screen): string {
  if (messages.length === 0) return 'Nobody has asked for a mail with this id.\n';
  const rows = messages.map((message) => [
    message.askedAt,
    toMail(message),
    message.state,
    toTries(message),
    message.changedAt,
    message.nextTryAt ?? '-',
    toPrintable(message.reason ?? '-'),
    String(message.id),
  ]);
  const header = ['asked for', 'mail', 'state', 'tries', 'changed', 'next try', 'reason', 'id'];
  return toTable(header, rows, messages, screen);
}

/** Formats mails of the ledger as a table, with their recipients. */
export function toLedgerTable(
  { messages, hasMore }: Listed<LedgerMessage>,
  screen: Screen,
): string {
  if (messages.length === 0) return 'There is no such mail.\n';
  const rows = messages.map((message) => [
    String(message.id),
    message.askedAt,
    toMail(message),
    message.state,
    toTries(message),
    message.nextTryAt ?? '-',
    toPrintable(message.reason ?? '-'),
    toPerson(message),
  ]);
  const header = ['id', 'asked for', 'mail', 'state', 'tries', 'next try', 'reason', 'for'];
  const more = hasMore
    ? '\nThere are more: --limit shows them, --state and --reason select.\n'
    : '';
  return `${toTable(header, rows, messages, screen)}${more}`;
}

const OUTCOME_COLORS = {
  requested: 'green',
  refused: 'red',
  'not-found': 'yellow',
  untouched: 'dim',
} as const satisfies Record<RedriveOutcome, Color>;

/** Formats what became of each mail, and how many were redriven. */
export function toRedriveText(report: RedriveReport, screen: Screen): string {
  const { isDryRun, count, messages } = report;
  const rows = messages.map(({ id, outcome, message }) => [
    outcome,
    id,
    message === null ? '-' : message.state,
    message === null ? '-' : toMail(message),
    toPrintable(message?.reason ?? '-'),
  ]);
  const lines = alignColumns(rows).map((line, index) => {
    const outcome = messages[index]?.outcome ?? 'untouched';
    return `${paint(screen, OUTCOME_COLORS[outcome], outcome)}${line.slice(outcome.length)}\n`;
  });
  const mails = `${count} ${count === 1 ? 'mail' : 'mails'}`;
  const sum = isDryRun ? `${mails} would be tried again.\n` : `${mails} will be tried again now.\n`;
  return `${lines.join('')}${lines.length > 0 ? '\n' : ''}${sum}`;
}

/** Joins rows to a table, with the state of each in its colour. */
function toTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  messages: readonly MessageView[],
  screen: Screen,
): string {
  const [first = '', ...lines] = alignColumns([header, ...rows]);
  const colored = lines.map((line, index) => {
    const state = messages[index]?.state ?? 'waiting';
    return line.replace(`  ${state}`, `  ${paint(screen, STATE_COLORS[state], state)}`);
  });
  return `${[paint(screen, 'dim', first), ...colored].join('\n')}\n`;
}

/** Which mail it is. Before that is decided, what asked for it. */
function toMail({ kind, cause }: MessageView): string {
  return toPrintable(kind ?? `(${cause})`);
}

function toTries({ tries, repeats }: MessageView): string {
  return repeats === 0 ? String(tries) : `${tries} (${repeats} in doubt)`;
}

function toPerson({ userId, attemptId }: LedgerMessage): string {
  if (userId !== null) return userId;
  return attemptId === null ? '-' : `attempt ${attemptId}`;
}
