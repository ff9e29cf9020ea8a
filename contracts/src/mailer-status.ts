import { type Static, Type } from 'typebox';
import { ProjectorStatus } from './projector-status.ts';

const { role, head, reason } = ProjectorStatus.properties;

/** How many mails need something: a try, an end, or an operator. All others are done with. */
export const MailCounts = Type.Object(
  {
    waiting: Type.Integer(),
    sending: Type.Integer(),
    abandoned: Type.Integer(),
    unknown: Type.Integer(),
    oldestWaitingSeconds: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'Seconds since the oldest waiting mail was asked for; null if none waits',
    }),
  },
  { title: 'MailCounts' },
);
export type MailCounts = Static<typeof MailCounts>;

/**
 * Answer of the mailer's `GET /status`: how far it has read the log, and the mails that are not
 * done. Unknown fields are allowed, so that an older reader accepts the answer of a newer mailer.
 */
export const MailerStatus = Type.Object(
  {
    role,
    position: Type.Integer({ description: 'Position of the last record that was read for mails' }),
    head,
    lag: Type.Union([Type.Integer(), Type.Null()], {
      description:
        'Records of any kind between position and head. Those that ask for no mail are not read, so it is seldom 0',
    }),
    reason,
    mails: Type.Union([MailCounts, Type.Null()], {
      description: 'null while the ledger cannot be read',
    }),
  },
  { title: 'MailerStatus' },
);
export type MailerStatus = Static<typeof MailerStatus>;
