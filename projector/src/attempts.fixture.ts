import {
  type AttemptRecord,
  type ClosedAttempt,
  type OpenAttempt,
  subjects,
  type UserId,
  type VoidAttempt,
} from '@zameni/contracts';
import type { LogMessage } from '@zameni/runtime';
import { claimOf, userIdOf } from './accounts.fixture.ts';
import type { ProjectedRecord } from './read-models/record.ts';

/** The instant of all made-up attempts. */
export const EXPIRES_AT = '2026-03-11T05:06:07.089Z';

/** Creates the record that opens an attempt on the address with a claim. */
export function openAttempt(claim: string, locale = 'sr-Cyrl-RS'): OpenAttempt {
  return {
    state: 'open',
    claim,
    locale,
    time: '2026-03-04T05:06:07.089Z',
    expiresAt: EXPIRES_AT,
    actor: { type: 'anonymous', id: 'public' },
    causationId: 'request-1',
    key: '2026-03-04',
    sealed: 'AAAA',
    retry: 'BBBB',
  };
}

/** The proof that led to an account, or another reason that closes an attempt. */
type Closing = { readonly provenTo: UserId } | 'not-mine' | 'erasure';

/** Creates the record that closes the attempt at a position. */
export function closedAttempt(attempt: number, by: Closing): ClosedAttempt {
  const closed = { state: 'closed', attempt, expiresAt: EXPIRES_AT } as const;
  return typeof by === 'string'
    ? { ...closed, by }
    : { ...closed, by: 'proof', userId: by.provenTo };
}

/** Creates the record that makes the attempt at a position void. */
export function voidedAttempt(attempt: number): VoidAttempt {
  const { expiresAt, key, retry } = openAttempt('');
  return { state: 'void', attempt, expiresAt, key, retry };
}

/** Returns a record of the n-th made-up attempt as a projection reads it. */
export function attempted(
  n: number,
  position: number,
  record: AttemptRecord = openAttempt(claimOf(n)),
): ProjectedRecord {
  const attempt = { attemptId: userIdOf(n), position, record, traceparent: undefined };
  return { kind: 'attempt', attempt };
}

/** Returns the message that opens the n-th made-up attempt in the log. */
export function attemptMessages(n: number, claim = claimOf(n)): LogMessage[] {
  const data = JSON.stringify(openAttempt(claim));
  return [{ subject: subjects.attempt(userIdOf(n)), data, expectedPosition: 0 }];
}

/** Returns the message that closes the n-th made-up attempt in the log. */
export function closedMessages(n: number, attempt: number, by: Closing): LogMessage[] {
  const data = JSON.stringify(closedAttempt(attempt, by));
  return [{ subject: subjects.attempt(userIdOf(n)), data, expectedPosition: attempt }];
}

/** Returns the message that makes the n-th made-up attempt void in the log. */
export function voidedMessages(n: number, attempt: number): LogMessage[] {
  const data = JSON.stringify(voidedAttempt(attempt));
  return [{ subject: subjects.attempt(userIdOf(n)), data, expectedPosition: attempt }];
}

/** Returns the n-th deletion record as a message. */
export function deletionMessages(
  n: number,
  named: { readonly addresses?: string[]; readonly people?: string[] },
): LogMessage[] {
  const record = { claims: [], people: [], attempts: [], addresses: [], ...named };
  const subject = subjects.deletion(userIdOf(1_000 + n));
  return [{ subject, data: JSON.stringify(record), expectedPosition: 0 }];
}
