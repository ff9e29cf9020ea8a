import {
  LedgerMessage,
  LedgerMessages,
  MAX_LEDGER_PAGE,
  type MessageFilter,
  RedrivenMessages,
  type RedriveMessages,
} from '@zameni/contracts';
import { CommandError } from '../framework/command.ts';
import type { OperatorClient } from '../operator/client.ts';
import { type Listed, listPages, withQuery } from './pages.ts';

/** What operators read and request of the mailers. */
export type MessagePort = {
  /** Lists the newest mails, as many as the limit at most. */
  readonly list: (selection: MessageSelection, limit: number) => Promise<Listed<LedgerMessage>>;
  /** Undefined if there is no such mail. */
  readonly find: (id: string) => Promise<LedgerMessage | undefined>;
  /** `refused`: it must not be sent again. `not-found`: there is no such mail. */
  readonly redrive: (id: string) => Promise<LedgerMessage | 'refused' | 'not-found'>;
  /** Redrives every abandoned mail with the reason, and returns how many there were. */
  readonly redriveAll: (reason: string) => Promise<number>;
};

/** Which mails to list. */
export type MessageSelection = {
  readonly [Name in 'state' | 'reason']?: MessageFilter[Name] | undefined;
};

/** Requests that one redrive of all mails takes. Each redrives a thousand. */
const MAX_REDRIVES = 10_000;

const PATH = '/v1/messages';

/** The routes of a mailer about mails. It throws CommandError. */
export function createMessagePort({ ask }: OperatorClient): MessagePort {
  const post = (path: string) =>
    ask({ method: 'POST', path: `${PATH}/${path}`, answer: LedgerMessage });
  return {
    list: (selection, limit) =>
      listPages(limit, (after, left) => {
        const size = String(Math.min(left, MAX_LEDGER_PAGE));
        const path = withQuery(PATH, { limit: size, ...selection, after });
        return ask({ method: 'GET', path, answer: LedgerMessages });
      }),
    find: async (id) => {
      const asked = ask({ method: 'GET', path: `${PATH}/${id}`, answer: LedgerMessage });
      const found = await orWord(asked, missing);
      return found === 'not-found' ? undefined : found;
    },
    redrive: (id) => orWord(post(`${id}/redrives`), missingOrRefused),
    redriveAll: async (reason) => {
      let redriven = 0;
      let body: RedriveMessages = { reason };
      for (let n = 0; n < MAX_REDRIVES; n += 1) {
        const path = `${PATH}/redrives`;
        const answer = await ask({ method: 'POST', path, body, answer: RedrivenMessages });
        redriven += answer.redriven;
        if (answer.next === null) return redriven;
        body = { reason, after: answer.next };
      }
      throw new CommandError('unexpected-answer', 'the abandoned mails do not end');
    },
  };
}

/** Returns the word that stands for the code of an error. Throws any other error. */
async function orWord<T, Word extends string>(
  asked: Promise<T>,
  wordOf: (code: string) => Word | undefined,
): Promise<T | Word> {
  try {
    return await asked;
  } catch (error) {
    const word = error instanceof CommandError ? wordOf(error.code) : undefined;
    if (word === undefined) throw error;
    return word;
  }
}

function missing(code: string): 'not-found' | undefined {
  return code === 'not-found' ? code : undefined;
}

function missingOrRefused(code: string): 'not-found' | 'refused' | undefined {
  return code === 'message-state' ? 'refused' : missing(code);
}
