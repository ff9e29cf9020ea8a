import { Type } from 'typebox';
import { MAX_MESSAGES_PAGE, MessageCursor, MessagesLimit, MessagesView } from '../messages.ts';
import { idParam, type Operation, problemsOfQueries } from './operation.ts';

/** The operations about mails. Mails are redriven at the operator port of the mailer. */
export const MESSAGE_OPERATIONS = {
  readMessages: {
    id: 'readMessages',
    service: 'query-api',
    method: 'get',
    path: '/v1/users/{id}/messages',
    summary: 'Read what became of the mails to a person',
    description:
      'For scope `ops:read`: every mail that the account or the attempt with this id asked for, the newest first. It shows neither address nor link. The answer is that of the ledger at this moment. An id that nobody has asked for a mail with has an empty list, also if nobody has the id: the ledger knows people only by their mails, and a mail may be asked for before the read model has its person. Mails of attempts are kept for eight days.',
    token: 'needed',
    scopes: ['ops:read'],
    params: idParam,
    query: {
      limit: {
        description: `Most mails in the answer, 1 to ${MAX_MESSAGES_PAGE}; default ${MAX_MESSAGES_PAGE}`,
        schema: MessagesLimit,
      },
      after: { description: 'The `next` of the page before', schema: MessageCursor },
    },
    headers: {},
    answers: {
      200: {
        description: 'The mails',
        body: MessagesView,
        headers: {
          'Cache-Control': {
            description: 'The next answer may differ, so none is kept',
            schema: Type.Literal('no-store'),
            required: true,
          },
        },
      },
    },
    problems: [
      ...problemsOfQueries,
      'forbidden',
      'not-found',
      'user-not-found',
      'invalid-request',
      'store-unavailable',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
