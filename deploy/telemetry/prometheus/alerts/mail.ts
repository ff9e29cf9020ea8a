import { METRICS } from '@zameni/runtime/instruments';
import type { Alert } from '../alert.ts';
import { labelOf, series } from '../own-series.ts';
import { THRESHOLDS } from '../thresholds.ts';

const { mail } = METRICS;
const OUTCOME = labelOf('zameni.mail.outcome');

const failed = `sum(increase(${series(mail.outcomes, { [OUTCOME]: '~abandoned|unknown' })}[1h]))`;
const ended = `sum(increase(${series(mail.outcomes, { [OUTCOME]: '~sent|abandoned|unknown' })}[1h]))`;

/** Alerts about mails. */
export const MAIL_ALERTS: readonly Alert[] = [
  {
    name: 'MailStuck',
    severity: 'page',
    expr: (scaled) => `max(${series(mail.oldestDue)}) > ${scaled(THRESHOLDS.mailDueSeconds)}`,
    forSeconds: 300,
    summary: 'A mail has been due for over ten minutes',
    description: 'People wait for links. The mail server is away, or the mailer stands still.',
    runbook: 'mail-stuck',
    panel: 'mail/oldest-due',
  },
  {
    name: 'MailsFail',
    severity: 'ticket',
    // Single wrong addresses are everyday life.
    expr: () => `${failed} / ${ended} > 0.2 and ${failed} >= 10`,
    forSeconds: 300,
    summary: 'Many mails are abandoned, or their outcome is unknown',
    description: 'Over an hour, more than one in five. The mail server may block the sender.',
    runbook: 'mail-stuck',
    panel: 'mail/outcomes',
  },
  {
    name: 'MailerLags',
    severity: 'ticket',
    expr: () => `max(${series(mail.lag)}) > ${THRESHOLDS.mailerLagRecords}`,
    forSeconds: 600,
    summary: 'The mailer is behind the log',
    description: 'Records that ask for mails have not been read yet.',
    runbook: 'mail-stuck',
    panel: 'mail/lag',
  },
];
