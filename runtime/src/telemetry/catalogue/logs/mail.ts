import type { LogEventDefinition } from './definition.ts';
import type { LogFieldName } from './fields.ts';

/** Mails. No line says whose mail it is. */
export const MAIL_EVENTS = {
  'mails were interrupted, they are repeated once': {
    code: 'mails-interrupted',
    level: 'warn',
    description: 'A mailer ended while it sent these. Some may arrive twice',
    fields: ['mails'],
  },
  'a mail could not be made': {
    code: 'mail-not-made',
    level: 'error',
    description:
      'Looking mails up or rendering them failed. They are tried again for a day. One line a second and kind, with the newest of them',
    fields: ['mail', 'mailCause', 'error', 'faults'],
  },
  'outcomes of mails could not be noted yet': {
    code: 'mail-outcomes-waiting',
    level: 'warn',
    description: 'Postgres is not reached. If the process ends now, these mails are repeated',
    fields: ['error'],
  },
} as const satisfies Readonly<Record<string, LogEventDefinition<LogFieldName>>>;
