import { createHash } from 'node:crypto';
import { createBackoff } from '@zameni/runtime/retry';
import { readProblem, retryAfterMs } from '../framework/problem-answer.ts';
import type { LineResult } from './register-report.ts';

/** How to send one registration. */
export type SendOptions = {
  readonly url: string;
  readonly token: () => Promise<string | undefined>;
  /** Maximum number of retries per line. */
  readonly retries: number;
  /** Milliseconds after which a line is not retried. */
  readonly deadlineMs: number;
  /** Ends the wait before a retry. A pending request is still awaited. */
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  /** Rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

type Sending =
  | { readonly next: 'done'; readonly result: LineResult }
  | {
      readonly next: 'again';
      readonly code: string;
      readonly status: number | null;
      readonly afterMs: number;
    };

/** Milliseconds per request. The command API itself answers within two seconds, unless it waits for the read model. */
const REQUEST_DEADLINE_MS = 15_000;
const BACKOFF = { baseMs: 100, maxMs: 5_000 };
/** Spread of the wait, so that clients that were refused together do not return together. */
const RETRY_AFTER_SPREAD_MS = 1_000;

const TRANSIENT = new Set([408, 429, 502, 503, 504]);
const INVALID = new Set([400, 413, 415, 422]);
/** The caller lacks the right, or this is not Zameni. Every other line would fail too. */
const HOPELESS = new Set([401, 403, 404, 405]);

/** Makes the `Idempotency-Key` of a line. A line has the same key in every run. */
export function idempotencyKeyOf(line: Buffer): string {
  return createHash('sha256').update(line).digest('hex');
}

/**
 * Sends one line until it has a result. States: sending, waiting for the retry, done. Transient
 * failures (503, 429, no answer) are retried with jittered backoff, and never before `Retry-After`.
 * The number of retries and the total time are bounded. Sending a line twice is harmless, because
 * its key identifies the registration.
 */
export async function sendRegistration(line: Buffer, options: SendOptions): Promise<LineResult> {
  const { retries, deadlineMs, signal, wait } = options;
  const backoff = createBackoff(BACKOFF);
  const giveUpAt = performance.now() + deadlineMs;
  for (let left = retries; ; left -= 1) {
    const sent = await send(line, options);
    if (sent.next === 'done') return sent.result;
    const { code, status, afterMs } = sent;
    const pauseMs =
      afterMs > 0 ? afterMs + Math.random() * RETRY_AFTER_SPREAD_MS : backoff.nextMs();
    if (left <= 0 || performance.now() + pauseMs > giveUpAt) {
      return { result: 'failed', code, status, errors: [] };
    }
    try {
      await wait(pauseMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return { result: 'unfinished' };
    }
  }
}

async function send(line: Buffer, { url, token, fetch }: SendOptions): Promise<Sending> {
  const bearer = await token();
  try {
    const response = await fetch(`${url}/v1/registrations`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': idempotencyKeyOf(line),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: new Uint8Array(line),
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
    });
    return await toSending(response);
  } catch {
    // No answer, or a part of one. The retry finds out whether the line was accepted.
    return { next: 'again', code: 'no-answer', status: null, afterMs: 0 };
  }
}

async function toSending(response: Response): Promise<Sending> {
  const { status } = response;
  const text = await response.text();
  if (status === 201) return { next: 'done', result: { result: 'registered' } };
  if (status === 202) return { next: 'done', result: { result: 'accepted' } };
  const { code, errors } = readProblem(text);
  if (TRANSIENT.has(status)) {
    return { next: 'again', code, status, afterMs: retryAfterMs(response.headers) };
  }
  if (status === 409 || status === 410) {
    const result = status === 409 ? 'duplicate' : 'erased';
    return { next: 'done', result: { result, code, status, errors: [] } };
  }
  if (HOPELESS.has(status)) return { next: 'done', result: { result: 'hopeless', code, status } };
  const result = INVALID.has(status) ? 'invalid' : 'failed';
  return { next: 'done', result: { result, code, status, errors } };
}
