import { setTimeout as pause } from 'node:timers/promises';
import {
  type DiscardParked,
  MAX_PARKED_PAGE,
  type ParkedFilter,
  type ParkedSubject,
  ParkedSubjects,
} from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { CommandError } from '../framework/command.ts';
import { toPrintable } from '../framework/io.ts';
import { readProblem, retryAfterMs } from '../framework/problem-answer.ts';

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

/** The operator ports of the projectors. Any of them can answer. */
export type OperatorPortOptions = {
  readonly urls: readonly string[];
  readonly token: () => Promise<string | undefined>;
  readonly signal: AbortSignal;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
};

/** Milliseconds for one answer of one process. */
const ANSWER_DEADLINE_MS = 10_000;

/** A request that is refused by the limit is sent again this often. Each wait is a second. */
const MAX_LIMITED = 60;
const JITTER_MS = 250;

/** Pages of a list, which has 1,000 subjects for each version of a projection at most. */
const MAX_PAGES = 100;

const answerCheck = Compile(ParkedSubjects);

/** Creates a client of the projectors' operator ports. It throws CommandError. */
export function createOperatorPort(options: OperatorPortOptions): OperatorPort {
  const { urls, token, signal, fetch: send = fetch } = options;
  return {
    list: async (filter) => {
      const found: ParkedSubject[] = [];
      let after: string | null = null;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await ask('GET', toListPath(filter, after));
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

  async function ask(method: 'GET' | 'POST', path: string, body?: object): Promise<ParkedSubjects> {
    for (let limited = 0; ; limited += 1) {
      const response = await askAny(method, path, body);
      if (response.status === 429 && limited < MAX_LIMITED) {
        await pause(retryAfterMs(response.headers) + Math.random() * JITTER_MS, undefined, {
          signal,
        });
      } else return readAnswer(response);
    }
  }

  /** Sends the request to the first process that answers. */
  async function askAny(method: string, path: string, body: object | undefined) {
    const bearer = await token();
    const init = {
      method,
      headers: {
        // A reused connection may be closed by the process at the same moment.
        connection: 'close',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    } as const;
    const causes: unknown[] = [];
    for (const url of urls) {
      try {
        const deadline = AbortSignal.timeout(ANSWER_DEADLINE_MS);
        const response = await send(`${url}${path}`, {
          ...init,
          signal: AbortSignal.any([signal, deadline]),
        });
        return {
          status: response.status,
          headers: response.headers,
          text: await response.text(),
        };
      } catch (cause) {
        signal.throwIfAborted();
        causes.push(cause);
      }
    }
    throw new CommandError('no-answer', 'no projector answers; try npx zameni status', {
      cause: new AggregateError(causes, 'no projector answers'),
    });
  }
}

function readAnswer({ status, text }: { readonly status: number; readonly text: string }) {
  if (status !== 200 && status !== 202) {
    const { code, title, traceId } = readProblem(text);
    const trace = traceId === undefined ? '' : ` (trace ${traceId})`;
    const message = `${title === undefined ? '' : `${title}: `}${code}, status ${status}${trace}`;
    throw new CommandError(code, toPrintable(message), traceId === undefined ? {} : { traceId });
  }
  const answer = parseJson(text);
  if (!answerCheck.Check(answer)) {
    throw new CommandError('unexpected-answer', 'the answer does not match this version of Zameni');
  }
  return answer;
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Probably a page of another server.
    return undefined;
  }
}
