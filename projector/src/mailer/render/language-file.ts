import { type Static, type TObject, Type } from 'typebox';
import type { MailKind } from '../mail.ts';

const closed = { additionalProperties: false };

/** A message: one line of plain text, with names in braces that are filled in. */
const Message = Type.String({
  minLength: 1,
  pattern: '^[^\\x00-\\x1f\\x7f-\\x9f\\ue000-\\uf8ff]*$',
});

/** A message for each plural form of the language. */
const Plural = Type.Object(
  {
    zero: Type.Optional(Message),
    one: Type.Optional(Message),
    two: Type.Optional(Message),
    few: Type.Optional(Message),
    many: Type.Optional(Message),
    other: Message,
  },
  closed,
);

const everyMail = {
  subject: Message,
  heading: Message,
  body: Type.Array(Message, { minItems: 1 }),
  /** Why the mail came: who asked for it, and when. */
  why: Message,
  /** What to do if the reader did not ask for it. */
  notYou: Message,
};

const Notice = Type.Object(everyMail, closed);
const WithLink = Type.Object({ ...everyMail, button: Message }, closed);
/** The sentence with the number of requests comes before the body. */
const WithRequests = Type.Object({ ...everyMail, button: Message, requests: Plural }, closed);

/** A file of messages: one language. */
export const LanguageFile = Type.Object(
  {
    direction: Type.Enum(['ltr', 'rtl']),
    greeting: Message,
    greetingByName: Message,
    linkBelow: Message,
    linkEnds: Message,
    mails: Type.Object(
      {
        'confirm-attempt': WithLink,
        'confirm-account': WithLink,
        'confirm-mailbox': WithRequests,
        welcome: Notice,
        'confirm-change': WithLink,
        'change-notice': WithLink,
        'changed-notice': WithLink,
        'holder-unproven': WithLink,
        'already-registered': Notice,
        'already-registered-deactivated': Notice,
        deactivated: Notice,
        reactivated: Notice,
        erased: Notice,
      } satisfies Readonly<Record<MailKind, TObject>>,
      closed,
    ),
  },
  closed,
);
export type LanguageFile = Static<typeof LanguageFile>;

/** A message for each plural form of the language. */
export type Plural = Static<typeof Plural>;

/** The messages of one kind of mail. */
export type MailMessages = Static<typeof Notice> & {
  readonly button?: string;
  readonly requests?: Plural;
};
