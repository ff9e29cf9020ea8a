import {
  type DiscardParked,
  MAX_PARKED_PAGE,
  type ParkedFilter,
  type ParkedSubject,
  ParkedSubjects,
} from '@zameni/contracts';
import { CommandError } from '../framework/command.ts';
import type { OperatorClient } from '../operator/client.ts';

/** What operators read and request of the projectors. An id is a subject or its last part. */
export type OperatorPort = {
  readonly list: (filter: ParkedSelection) => Promise<readonly ParkedSubject[]>;
  /** Returns nothing if the id is not parked. */
  readonly find: (id: string) => Promise<readonly ParkedSubject[]>;
  /** Returns what is parked. Nothing if the id is not parked. */
  readonly requestRedrive: (id: string) => Promise<readonly ParkedSubject[]>;
  readonly discard: (id: string, body: DiscardParked) => Promise<readonly ParkedSubject[]>;
};

/** Which parked subjects to list. */
export type ParkedSelection = {
  readonly [Name in 'projection' | 'reason' | 'id']?: ParkedFilter[Name] | undefined;
};

/** Pages of a list, which has 1,000 subjects for each version of a projection at most. */
const MAX_PAGES = 100;

/** The routes about parked subjects. It throws CommandError. */
export function createOperatorPort({ ask: send }: OperatorClient): OperatorPort {
  const ask = (method: 'GET' | 'POST', path: string, body?: object) => {
    const sent = body === undefined ? {} : { body };
    return send({ method, path, ...sent, answer: ParkedSubjects });
  };
  return {
    list: async (filter) => {
      const found: ParkedSubject[] = [];
      let after: string | null = null;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer: ParkedSubjects = await ask('GET', toListPath(filter, after));
        found.push(...answer.parked);
        after = answer.next;
        if (after === null) return found;
      }
      throw new CommandError('unexpected-answer', 'the list of parked subjects does not end');
    },
    find: (id) => orNothing(ask('GET', toPath(id))),
    requestRedrive: (id) => orNothing(ask('POST', `${toPath(id)}/redrives`)),
    discard: async (id, body) => (await ask('POST', `${toPath(id)}/discards`, body)).parked,
  };
}

async function orNothing(asked: Promise<ParkedSubjects>): Promise<readonly ParkedSubject[]> {
  try {
    return (await asked).parked;
  } catch (error) {
    if (error instanceof CommandError && error.code === 'not-found') return [];
    throw error;
  }
}

function toPath(id: string): string {
  return `/v1/parked/${encodeURIComponent(id)}`;
}

function toListPath(filter: ParkedSelection, after: string | null): string {
  const query = new URLSearchParams({ limit: String(MAX_PARKED_PAGE) });
  for (const [name, value] of Object.entries({ ...filter, after })) {
    if (typeof value === 'string') query.set(name, value);
  }
  return `/v1/parked?${query.toString()}`;
}
