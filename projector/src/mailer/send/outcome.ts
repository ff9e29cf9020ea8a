import type { Outcome } from '../ledger/message.ts';
import type { SmtpOutcome } from '../smtp/outcome.ts';

/** How a try to send a mail can end, as metrics and traces say it. */
export const MAIL_OUTCOMES = ['sent', 'later', 'abandoned', 'unknown', 'not-needed'] as const;

/** One of these. */
export type MailOutcome = (typeof MAIL_OUTCOMES)[number];

const OF_STATE = {
  sent: 'sent',
  waiting: 'later',
  doubtful: 'unknown',
  abandoned: 'abandoned',
  'not-needed': 'not-needed',
} as const satisfies Record<Outcome['state'], MailOutcome>;

const OF_SMTP = {
  accepted: 'sent',
  deferred: 'later',
  unknown: 'unknown',
  refused: 'abandoned',
} as const satisfies Record<SmtpOutcome['outcome'], MailOutcome>;

/** The outcome of a try, from what the ledger notes. */
export function toMailOutcome({ state }: Pick<Outcome, 'state'>): MailOutcome {
  return OF_STATE[state];
}

/** The outcome of a try, from what the mail server said. */
export function ofSmtp({ outcome }: Pick<SmtpOutcome, 'outcome'>): MailOutcome {
  return OF_SMTP[outcome];
}
