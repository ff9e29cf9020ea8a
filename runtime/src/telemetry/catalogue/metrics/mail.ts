import { DELAY_SECONDS, REQUEST_SECONDS } from '../boundaries.ts';
import type { MetricDefinition } from '../definition.ts';

/** Mails. The active mailer measures them. */
export const MAIL_METRICS = {
  messages: {
    name: 'zameni.mail.messages',
    kind: 'observed-gauge',
    unit: '{mail}',
    description:
      'Mails of the ledger that wait, are being sent, were abandoned, or may have been sent',
    attributes: ['zameni.mail.state'],
  },
  oldestDue: {
    name: 'zameni.mail.oldest_due.age',
    kind: 'observed-gauge',
    unit: 's',
    description: 'For how long the mail that has been due longest is due; 0 if none is',
    attributes: [],
  },
  lag: {
    name: 'zameni.mail.lag',
    kind: 'observed-gauge',
    unit: '{record}',
    description:
      "Positions between the mailer's cursor and the head of the log; 0 if it has waited a second for another record that asks for a mail",
    attributes: [],
  },
  outcomes: {
    name: 'zameni.mail.outcomes',
    kind: 'counter',
    unit: '{mail}',
    description: 'Outcomes of tries',
    attributes: ['zameni.mail.kind', 'zameni.mail.outcome'],
  },
  sendDuration: {
    name: 'zameni.mail.send.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Time to hand a mail to the mail server, without the wait for a connection',
    attributes: ['zameni.mail.outcome'],
    boundaries: REQUEST_SECONDS,
  },
  delay: {
    name: 'zameni.mail.delay',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the record that asks for a mail to the mail server taking it',
    attributes: ['zameni.mail.kind'],
    boundaries: DELAY_SECONDS,
  },
} as const satisfies Record<string, MetricDefinition>;
