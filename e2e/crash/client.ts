import type { Positions } from '@zameni/runtime';
import type {
  ProofAnswer,
  ReadAnswer,
  ReadHistory,
  Sent,
  Wish,
  WriteAnswer,
} from '../history/types.ts';

/** The target of requests, and the token of a caller that vouches for people and reads them. */
export type ClientOptions = {
  readonly gatewayUrl: string;
  readonly token: string;
  readonly positions: Positions;
};

/** What to read, and how fresh. */
export type Question = Omit<ReadHistory, 'startedMs' | 'endedMs' | 'answer'>;

/** The prover's answer about the unproven account that holds the address. */
export type Holder = 'confirm' | 'not-mine';

/** Sends requests and records their answers with times. It never throws. */
export type Client = {
  readonly post: (wish: Wish, deadlineMs?: number) => Promise<Sent<WriteAnswer>>;
  /** Sends the token of a link. `holder` says what to do with an unproven account. */
  readonly prove: (token: string, holder?: Holder) => Promise<Sent<ProofAnswer>>;
  readonly get: (question: Question) => Promise<ReadHistory>;
};

/** The command API decides within 9 s and the gateway waits 35 s. A caller is less patient. */
const POST_DEADLINE_MS = 15_000;
const WAIT_SECONDS = 5;
const GET_DEADLINE_MS = 20_000;

/** Answers that mean "try again": the registration may or may not be in the log. */
const TRY_AGAIN = new Set([408, 502, 503, 504]);

/** A client of the gateway. */
export function createClient({ gatewayUrl, token, positions }: ClientOptions): Client {
  const openPosition = (response: Response) =>
    positions.open(response.headers.get('position') ?? '');

  async function toWriteAnswer(response: Response): Promise<WriteAnswer> {
    const { status } = response;
    const body = await readBody(response);
    if (TRY_AGAIN.has(status)) return { kind: 'unknown', reason: toReason(status, body) };
    if (status === 409) return toRefused(status, body, ['address-taken']);
    const position = openPosition(response);
    const registrationId = textOf(body, status === 201 ? 'userId' : 'registrationId');
    const isDecided = status === 201 || status === 202;
    if (!isDecided || position === undefined || registrationId === undefined) {
      return { kind: 'fault', reason: toReason(status, body) };
    }
    return { kind: 'decided', status, registrationId, position };
  }

  async function toProofAnswer(response: Response): Promise<ProofAnswer> {
    const { status } = response;
    const body = await readBody(response);
    if (TRY_AGAIN.has(status)) return { kind: 'unknown', reason: toReason(status, body) };
    if (status === 409) return toRefused(status, body, ['address-taken', 'address-unproven']);
    const position = openPosition(response);
    const userId = textOf(body, 'userId');
    if (status !== 202 || position === undefined || userId === undefined) {
      return { kind: 'fault', reason: toReason(status, body) };
    }
    return { kind: 'decided', userId, position };
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
      // The connection was refused or broke, or our deadline passed: the request may have arrived.
      return { kind: 'unknown', reason: describeFault(error) };
    }
  }

  return {
    post: async ({ key, isKeyed, caller, ...body }, deadlineMs = POST_DEADLINE_MS) => {
      const startedMs = performance.now();
      const request = new Request(`${gatewayUrl}/v1/registrations`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(isKeyed ? { 'idempotency-key': key } : {}),
          ...(caller === 'service' ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs),
      });
      const answer = await ask(request, toWriteAnswer);
      return { startedMs, endedMs: performance.now(), answer };
    },
    prove: async (link, holder) => {
      const startedMs = performance.now();
      const request = new Request(`${gatewayUrl}/v1/email-verifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: link, ...(holder === undefined ? {} : { holder }) }),
        signal: AbortSignal.timeout(POST_DEADLINE_MS),
      });
      const answer = await ask(request, toProofAnswer);
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

/** A refusal with one of the allowed codes. */
function toRefused(status: number, body: unknown, codes: readonly string[]) {
  const code = textOf(body, 'code');
  return code !== undefined && codes.includes(code)
    ? ({ kind: 'refused', code } as const)
    : ({ kind: 'fault', reason: toReason(status, body) } as const);
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON. The status decides whether this is a fault.
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
