import type { LedgerMessage } from '@zameni/contracts';

/** A mail of the ledger for tests. */
export function messageAt(id: number, more: Partial<LedgerMessage> = {}): LedgerMessage {
  return {
    id,
    cause: 'registered',
    kind: 'confirm-account',
    state: 'abandoned',
    reason: 'rcpt 550 5.1.1',
    tries: 3,
    repeats: 0,
    nextTryAt: null,
    askedAt: '2026-03-04T05:06:07.089Z',
    changedAt: '2026-03-04T05:07:00.000Z',
    position: 10 + id,
    userId: `01980000-0000-7000-8000-${String(id).padStart(12, '0')}`,
    attemptId: null,
    merged: 0,
    ...more,
  };
}

/** A request that was sent. */
export type Sent = { readonly url: string; readonly method: string; readonly body: unknown };

/** A `fetch` that gives one answer after the other, and what was sent. */
export function createAnswers(...answers: readonly (Response | Error)[]) {
  const sent: Sent[] = [];
  const left = [...answers];
  const fetch = async (url: string, { method = '', body }: RequestInit): Promise<Response> => {
    sent.push({ url, method, body: typeof body === 'string' ? JSON.parse(body) : undefined });
    const answer = left.shift();
    if (answer instanceof Response) return answer;
    throw answer ?? new Error('nothing more was expected');
  };
  return { fetch, sent };
}

/** An answer of a service. */
export function answer(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

/** A problem document of a service. */
export function problem(code: string, status: number): Response {
  return answer({ code, title: 'A title', traceId: 'a'.repeat(32) }, status);
}
