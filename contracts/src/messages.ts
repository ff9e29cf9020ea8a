import { type Static, Type } from 'typebox';
import { Timestamp, Uuid } from './identifiers.ts';

/** Every state of a mail of the ledger, with its meaning. */
export const MESSAGE_STATES = {
  waiting: 'it waits for its next try',
  sending: 'it is being handed to the mail server',
  sent: 'the mail server has taken it',
  merged: 'a later mail to the same mailbox answers it too',
  'not-needed': 'when its turn came there was nothing to say any more',
  abandoned: 'the mail server will never take it, or its time was over',
  unknown: 'the mail server may have taken it; it was repeated once already',
} as const;

const MessageState = Type.Enum(
  ['waiting', 'sending', 'sent', 'merged', 'not-needed', 'abandoned', 'unknown'],
  {
    description: Object.entries(MESSAGE_STATES)
      .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
      .join('. '),
  },
);
export type MessageState = Static<typeof MessageState>;

/**
 * Whether another try of a mail can be requested. A mail that was sent, or that somebody may be
 * sending, must not be sent again. What an unreadable record asks for, nobody knows.
 */
export function canRedrive({
  state,
  cause,
}: {
  readonly state: MessageState;
  readonly cause: string;
}): boolean {
  const isOpen = state === 'waiting' || state === 'abandoned' || state === 'unknown';
  return isOpen && cause !== 'unreadable';
}

/** Later versions may have other causes and kinds, so they are words and no list. */
const Word = { pattern: '^[a-z][a-z0-9-]{0,63}$' };

const fields = {
  id: Type.Integer({ minimum: 1, description: 'The number of the mail in the ledger' }),
  cause: Type.String({
    ...Word,
    description:
      'What asked for the mail: `attempt`, `mail-wish`, `farewell` (an erasure) or an event of the account, such as `registered`',
  }),
  kind: Type.Union([Type.String(Word), Type.Null()], {
    description:
      'Which mail it is, such as `confirm-attempt` or `welcome`; null before it is decided, which is when it is sent',
  }),
  state: MessageState,
  reason: Type.Union([Type.String(), Type.Null()], {
    description:
      'Why it is in this state, with the SMTP codes of the mail server if they are the reason. It holds no text of the server',
  }),
  tries: Type.Integer({ minimum: 0, description: 'How often it was handed to a mail server' }),
  repeats: Type.Integer({
    minimum: 0,
    description: 'How often that was done without knowing whether the mail was sent before',
  }),
  nextTryAt: Type.Union([Timestamp, Type.Null()], { description: 'Only while it waits' }),
  askedAt: Timestamp,
  changedAt: Timestamp,
};

/** A mail about a person or an attempt. It has no address, no name and no link. */
export const MessageView = Type.Object(fields, {
  additionalProperties: false,
  title: 'MessageView',
});
export type MessageView = Static<typeof MessageView>;

/** The place of a mail in a list. */
export const MessageCursor = Type.String({
  title: 'MessageCursor',
  pattern: '^[1-9][0-9]{0,14}$',
  description: 'Opaque; send it back as `after`',
});

const next = Type.Union([MessageCursor, Type.Null()], { description: 'null on the last page' });

/** Answer of `GET /v1/users/{id}/messages`: the newest mails first. */
export const MessagesView = Type.Object(
  { messages: Type.Array(MessageView), next },
  { additionalProperties: false, title: 'MessagesView' },
);
export type MessagesView = Static<typeof MessagesView>;

/** Most mails in one answer about a person, and the number without `limit`. */
export const MAX_MESSAGES_PAGE = 100;

/** `limit` of a list about a person. Parameters of a URL are texts. */
export const MessagesLimit = Type.String({ pattern: '^([1-9][0-9]?|100)$' });

/**
 * A mail of the ledger as operators see it. Unknown fields are allowed, so that an older reader
 * accepts the answer of a newer mailer.
 */
export const LedgerMessage = Type.Object(
  {
    ...fields,
    position: Type.Integer({ description: 'Position of the record that asked for it' }),
    userId: Type.Union([Uuid, Type.Null()], {
      description: 'The account that asked for it; null if a stranger did',
    }),
    attemptId: Type.Union([Uuid, Type.Null()], { description: 'The attempt that asked for it' }),
    merged: Type.Integer({ description: 'Requests that it answers beside its own' }),
  },
  { title: 'LedgerMessage' },
);
export type LedgerMessage = Static<typeof LedgerMessage>;

/** Answer of `GET /v1/messages` on the operator port of a mailer: the newest mails first. */
export const LedgerMessages = Type.Object(
  { messages: Type.Array(LedgerMessage), next },
  { title: 'LedgerMessages' },
);
export type LedgerMessages = Static<typeof LedgerMessages>;

/** Most mails in one answer to an operator, and the number without `limit`. */
export const MAX_LEDGER_PAGE = 1_000;
export const LEDGER_PAGE = 100;

/** A reason in full, or its first words: `rcpt 550` is that of `rcpt 550 5.1.1` too. */
const ReasonOrPart = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 .:_-]{0,199}$' });

/** Query of `GET /v1/messages`. */
export const MessageFilter = Type.Object(
  {
    state: Type.Optional(MessageState),
    reason: Type.Optional(ReasonOrPart),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$' })),
    after: Type.Optional(MessageCursor),
  },
  { additionalProperties: false, title: 'MessageFilter' },
);
export type MessageFilter = Static<typeof MessageFilter>;

/**
 * Body of `POST /v1/messages/redrives`: all abandoned mails, or those with a reason. One request
 * takes a thousand at most; `after` goes on, so that none that fails again is taken twice.
 */
export const RedriveMessages = Type.Object(
  { reason: Type.Optional(ReasonOrPart), after: Type.Optional(MessageCursor) },
  { additionalProperties: false, title: 'RedriveMessages' },
);
export type RedriveMessages = Static<typeof RedriveMessages>;

/** Answer of `POST /v1/messages/redrives`. */
export const RedrivenMessages = Type.Object(
  { redriven: Type.Integer({ description: 'Mails that wait again now' }), next },
  { title: 'RedrivenMessages' },
);
export type RedrivenMessages = Static<typeof RedrivenMessages>;
