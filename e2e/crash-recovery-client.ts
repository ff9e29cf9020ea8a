import type { Positions } from '@zameni/runtime';
import type { Attempt, ReadAnswer, ReadHistory, Wish, WriteAnswer } from './history.ts';

/** Where requests go, and the token of callers that learn outcomes and read people. */
export type ClientOptions = {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly positions: Positions;
};

/** What to read, and how fresh. */
export type Question = Omit<ReadHistory, 'startedMs' | 'endedMs' | 'answer'>;

/** Sends requests and notes what was told when; it never throws. */
export type Client = {
  readonly post: (wish: Wish, deadlineMs?: number) => Promise<Attempt>;
  readonly get: (question: Question) => Promise<ReadHistory>;
};

/** The command API decides within 9 s, the gateway waits 35 s for it; a caller is less patient. */
const POST_DEADLINE_MS = 15_000;
const WAIT_SECONDS = 5;
const GET_DEADLINE_MS = 20_000;

/** Answers that say "try again": the registration may or may not be in the log. */
const TRY_AGAIN = new Set([408, 502, 503, 504]);

/** A client of the gateway. */
export function createClient({ gatewayUrl, token, positions }: ClientOptions): Client {
  const openPosition = (response: Response) =>
    positions.open(response.headers.get('position') ?? '');

  async function toWriteAnswer(response: Response, { caller }: Wish): Promise<WriteAnswer> {
    const { status } = response;
    const body = await readBody(response);
    if (TRY_AGAIN.has(status)) return { kind: 'unknown', reason: toReason(status, body) };
    const position = openPosition(response);
    if (position === undefined) return { kind: 'fault', reason: toReason(status, body) };
    switch (status) {
      case 201:
        return {
          kind: 'decided',
          status,
          registrationId: textOf(body, 'userId'),
          outcome: 'registered',
          position,
        };
      case 202:
        return {
          kind: 'decided',
          status,
          registrationId: textOf(body, 'registrationId'),
          // The public is told the same of every outcome.
          outcome: caller === 'service' ? 'pending' : undefined,
          position,
        };
      case 409:
        return { kind: 'decided', status, registrationId: undefined, outcome: 'refused', position };
      default:
        return { kind: 'fault', reason: toReason(status, body) };
    }
  }

  async function toReadAnswer(response: Response): Promise<ReadAnswer> {
    const { status } = response;
    const body = await readBody(response);
    if (TRY_AGAIN.has(status)) return { kind: 'unknown', reason: toReason(status, body) };
    const position = openPosition(response);
    if (status === 404) return { kind: 'absent', position };
    if (status !== 200 || position === undefined) {
      return { kind: 'fault', reason: toReason(status, body) };
    }
    return { kind: 'found', position, view: body };
  }

  async function ask<Answer>(
    request: Request,
    read: (response: Response) => Promise<Answer>,
  ): Promise<Answer | { readonly kind: 'unknown'; readonly reason: string }> {
    try {
      return await read(await fetch(request));
    } catch (error) {
      // A connection that was refused or broke, or our own deadline: it may have arrived.
      return { kind: 'unknown', reason: describeFault(error) };
    }
  }

  return {
    post: async (wish, deadlineMs = POST_DEADLINE_MS) => {
      const { key, caller, ...body } = wish;
      const startedMs = performance.now();
      const request = new Request(`${gatewayUrl}/v1/registrations`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          ...(caller === 'service' ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs),
      });
      const answer = await ask(request, (response) => toWriteAnswer(response, wish));
      return { startedMs, endedMs: performance.now(), answer };
    },
    get: async (question) => {
      const { path, registrationId, minPosition } = question;
      const startedMs = performance.now();
      const request = new Request(`${gatewayUrl}/v1/${path}/${registrationId}`, {
        headers: {
          authorization: `Bearer ${token}`,
          prefer: `wait=${WAIT_SECONDS}`,
          ...(minPosition === undefined ? {} : { 'min-position': positions.seal(minPosition) }),
        },
        signal: AbortSignal.timeout(GET_DEADLINE_MS),
      });
      const answer = await ask(request, toReadAnswer);
      return { ...question, startedMs, endedMs: performance.now(), answer };
    },
  };
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, which its status makes a fault or not.
    return text;
  }
}

function textOf(body: unknown, name: string): string | undefined {
  const value: unknown = Reflect.get(Object(body), name);
  return typeof value === 'string' ? value : undefined;
}

function toReason(status: number, body: unknown): string {
  return `${status} ${textOf(body, 'code') ?? String(body).slice(0, 200)}`;
}

function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
