/** Milliseconds to wait for an answer. The gateway gives up earlier. */
const DEADLINE_MS = 40_000;

/** Seconds to wait if the service names none. */
const DEFAULT_WAIT_SECONDS = 5;

/**
 * What a token is for, as `POST /v1/email-verifications/preview` answers.
 *
 * @typedef {{
 *   readonly kind: 'registration' | 'account' | 'email-change' | 'undo-change',
 *   readonly state: 'open' | 'done' | 'too-late' | 'deactivated',
 *   readonly holder: 'none' | 'unproven' | 'proven',
 *   readonly mustSupply: readonly ('holder' | 'notMine')[],
 *   readonly email?: string,
 *   readonly displayName?: string,
 *   readonly termsVersion?: string,
 *   readonly requestedAt?: string,
 *   readonly registeredAt?: string,
 * }} Preview
 */

/**
 * An answer: a body, a problem with its code, or none in time.
 *
 * @typedef {{ readonly outcome: 'done', readonly body: Preview }
 *   | { readonly outcome: 'problem', readonly code: string, readonly waitSeconds: number,
 *       readonly pointers: readonly string[] }
 *   | { readonly outcome: 'away' }} Answer
 */

/**
 * Asks what a token is for. It proves nothing.
 *
 * @param {string} token
 */
export function preview(token) {
  return post('/v1/email-verifications/preview', { token });
}

/**
 * Uses a token. It may be repeated: a second use of a link changes nothing.
 *
 * @param {string} token
 * @param {object} said
 */
export function verify(token, said) {
  return post('/v1/email-verifications', { token, ...said });
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<Answer>}
 */
async function post(path, body) {
  const leaving = new AbortController();
  const timer = setTimeout(() => leaving.abort(), DEADLINE_MS);
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal: leaving.signal,
    });
    const answered = await response.json();
    if (response.ok) return { outcome: 'done', body: answered };
    /** @type {readonly { readonly pointer: string }[]} */
    const errors = answered.errors ?? [];
    return {
      outcome: 'problem',
      code: String(answered.code),
      waitSeconds: Number(response.headers.get('Retry-After')) || DEFAULT_WAIT_SECONDS,
      pointers: errors.map(({ pointer }) => pointer),
    };
  } catch {
    // No connection, no answer in time, or an answer of something that is not the service.
    return { outcome: 'away' };
  } finally {
    clearTimeout(timer);
  }
}
