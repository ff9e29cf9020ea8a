import {
  attemptKeyConfig,
  callersConfig,
  kekConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  postgresConfig,
  serviceConfig,
  verificationConfig,
} from '@zameni/runtime';
import { type Static, Type } from 'typebox';
import type { MailboxBudget } from './ledger/store.ts';
import { smtpConfig } from './smtp/config.ts';

/** Variables of what mails look like, how long their links live, and how many there are. */
const mailConfig = {
  ZAMENI_MAIL_BASE_URL: Type.String({
    pattern: '^https?://[^\\s?#]*[^\\s?#/]$',
    description: 'URL that links in mails begin with, without a slash at the end',
    example: 'https://accounts.example.org',
  }),
  ZAMENI_MAIL_PRODUCT: Type.String({
    pattern: '^[^\\p{C}]{1,80}$',
    description: 'Name of the application that people register for, as mails say it',
    example: 'Library',
  }),
  ZAMENI_MAIL_FROM: Type.String({
    pattern: '^(?:[^\\p{C}<>@"]{1,80} <[^\\s<>@]+@[^\\s<>@]+>|[^\\s<>@]+@[^\\s<>@]+)$',
    description: 'Sender of every mail',
    example: 'Library <noreply@example.org>',
  }),
  ZAMENI_MAIL_LINK_LIFETIME_SECONDS: Type.Intersect(
    [Type.Integer({ minimum: 60, maximum: 30 * 24 * 60 * 60 })],
    {
      default: 7 * 24 * 60 * 60,
      description: "Seconds that the link in an account's mail is valid; an attempt's ends with it",
      example: '604800',
    },
  ),
  ZAMENI_MAIL_BUDGET: Type.String({
    pattern: '^[1-9]\\d{0,5}/[1-9]\\d{0,6}$',
    default: '3/3600',
    description: 'Mails to one mailbox that strangers may cause, and in how many seconds',
    example: '3/3600',
  }),
  ZAMENI_MAIL_START: Type.String({
    pattern: '^(?:now|beginning|0|[1-9]\\d{0,14})$',
    default: 'now',
    description:
      'What a mailer that never ran mails about: records from now on, all of them (beginning), or those after a position',
    example: 'now',
  }),
};

/** The environment of the mailer. */
export const MailerConfig = Type.Object({
  ...serviceConfig,
  ...callersConfig,
  ...natsConfig,
  ...postgresConfig,
  ...kekConfig,
  ...pepperConfig,
  ...attemptKeyConfig,
  ...positionConfig,
  ...verificationConfig,
  ...mailConfig,
  ...smtpConfig,
});
export type MailerConfig = Static<typeof MailerConfig>;

/** Parses the budget of a mailbox, such as `3/3600`. */
export function parseMailBudget(text: string): MailboxBudget {
  const [mails, windowSeconds] = text.split('/').map(Number);
  if (!mails || !windowSeconds) throw new RangeError('a budget is mails/seconds');
  return { mails, windowSeconds };
}

/** Returns the position after which a mailer that never ran reads; `now` is the head of the log. */
export function parseMailStart(text: string): number | 'now' {
  if (text === 'now') return text;
  return text === 'beginning' ? 0 : Number(text);
}
