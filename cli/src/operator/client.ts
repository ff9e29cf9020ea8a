import { setTimeout as pause } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { CommandError } from '../framework/command.ts';
import { toPrintable } from '../framework/io.ts';
import { readProblem, retryAfterMs } from '../framework/problem-answer.ts';

/** A request to an operator port. */
export type OperatorRequest<Schema extends TSchema> = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** The schema of the answer. */
  readonly answer: Schema;
};

/** Sends requests to the operator ports of a service. It throws CommandError. */
export type OperatorClient = {
  readonly ask: <Schema extends TSchema>(
    request: OperatorRequest<Schema>,
  ) => Promise<Static<Schema>>;
};

/** The operator ports of the processes of a service. Any of them can answer. */
export type OperatorClientOptions = {
  /** Name of one process of the service in messages. */
  readonly service: string;
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

/** Creates a client. The first process that answers counts. */
export function createOperatorClient(options: OperatorClientOptions): OperatorClient {
  const { service, urls, token, signal, fetch: send = fetch } = options;

  /** Sends the request to the first process that answers. */
  async function askAny({ method, path, body }: Omit<OperatorRequest<TSchema>, 'answer'>) {
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
    throw new CommandError('no-answer', `no ${service} answers; try npx zameni status`, {
      cause: new AggregateError(causes, `no ${service} answers`),
    });
  }

  return {
    ask: async ({ answer, ...request }) => {
      for (let limited = 0; ; limited += 1) {
        const response = await askAny(request);
        if (response.status === 429 && limited < MAX_LIMITED) {
          const waitMs = retryAfterMs(response.headers) + Math.random() * JITTER_MS;
          await pause(waitMs, undefined, { signal });
        } else return readAnswer(response, answer);
      }
    },
  };
}

function readAnswer<Schema extends TSchema>(
  { status, text }: { readonly status: number; readonly text: string },
  schema: Schema,
): Static<Schema> {
  if (status !== 200 && status !== 202) {
    const { code, title, detail, traceId } = readProblem(text);
    const trace = traceId === undefined ? '' : ` (trace ${traceId})`;
    // The detail says more about the same fault.
    const said = detail ?? title;
    const message = `${said === undefined ? '' : `${said}: `}${code}, status ${status}${trace}`;
    throw new CommandError(code, toPrintable(message), traceId === undefined ? {} : { traceId });
  }
  const answer = parseJson(text);
  if (!Value.Check(schema, answer)) {
    throw new CommandError('unexpected-answer', 'the answer does not match this version of Zameni');
  }
  return answer;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Probably a page of another server.
    return undefined;
  }
}
