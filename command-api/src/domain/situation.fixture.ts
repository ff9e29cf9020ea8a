import {
  type AccountEvent,
  type ClaimRecord,
  type ClosedAttempt,
  DISOWNED,
  parseUserId,
  type UserId,
} from '@zameni/contracts';
import {
  type AccountState,
  absentAccount,
  evolve,
  evolveData,
  type PersonData,
} from './account.ts';
import type { AttemptState, OpenState } from './attempt.ts';
import { toClaimState } from './claim.ts';
import type { AttemptChange, Decision, Situation } from './decision.ts';

/** Returns the id of the n-th test person. */
export function userIdOf(n: number): UserId {
  const id = parseUserId(`01980000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  if (id === undefined) throw new Error(`${n} makes no user id`);
  return id;
}

export const VERA = userIdOf(1);
export const MILA = userIdOf(2);
export const JOVAN = userIdOf(3);

/** Digests of three addresses. */
export const HOME = 'h'.repeat(43);
export const WORK = 'w'.repeat(43);
export const OTHER = 'o'.repeat(43);

/** Position of the attempt's record. */
export const ATTEMPT_AT = 7;

/** Position of the record that closes it. */
export const CLOSED_AT = 9;

/** Position of the last record of every claim. */
export const CLAIM_AT = 8;

/** The instant of every decision. */
export const NOW = '2026-11-23T10:00:00.000Z';

/** Until when a change that is made now can be undone. */
export const UNDO_UNTIL = '2026-11-26T10:00:00.000Z';

export const EXPIRES = '2026-11-29T10:00:00.000Z';

/** An event with its id in the log. */
export type Happened = AccountEvent & { readonly id: string };

const fingerprint = 'f'.repeat(43);

/** Events of test histories. Their ids state what happened, so that requests are readable. */
export const registered = (
  more: { readonly emailVerified?: boolean; readonly attempt?: number } = {},
): Happened => ({
  id: 'registration',
  name: 'registered',
  data: {
    locale: 'sr-Latn-RS',
    termsVersion: '2026-01',
    fingerprint,
    emailVerified: false,
    ...more,
  },
  personal: {
    email: 'vera@example.org',
    claim: HOME,
    displayName: 'Vera Marković',
    profile: { city: 'Niš', news: true },
  },
});
export const verified: Happened = {
  id: 'proof',
  name: 'email-verified',
  data: { request: 'registration', locale: 'sr-Latn-RS' },
  personal: null,
};
export const changeRequested = (id = 'change', claim = WORK): Happened => ({
  id,
  name: 'email-change-requested',
  data: {},
  personal: { email: 'vera@example.net', claim },
});
export const changeCancelled: Happened = {
  id: 'cancellation',
  name: 'email-change-cancelled',
  data: {},
  personal: null,
};
export const changed = (
  request = 'change',
  claim = WORK,
  more: { readonly undoUntil?: string; readonly undo?: true } = {},
): Happened => ({
  id: 'changed',
  name: 'email-changed',
  data: { request, ...more },
  personal: { email: 'vera@example.net', claim },
});
const reasoned = { data: { reasonCode: 'requested' }, personal: null } as const;
export const deactivated: Happened = { id: 'deactivation', name: 'deactivated', ...reasoned };
export const reactivated: Happened = { id: 'reactivation', name: 'reactivated', ...reasoned };
export const disowned: Happened = {
  id: 'disowning',
  name: 'deactivated',
  data: { reasonCode: DISOWNED, address: 'released' },
  personal: null,
};
export const erased: Happened = { id: 'erasure', name: 'erased', data: {}, personal: null };

/**
 * A history that ends in each status. `unproven` and `proven` are active, `joined` by an attempt.
 */
export const HISTORIES = {
  absent: [],
  unproven: [registered()],
  proven: [registered(), verified],
  joined: [registered({ emailVerified: true, attempt: ATTEMPT_AT })],
  deactivated: [registered(), verified, deactivated],
  disowned: [registered(), disowned],
  erased: [registered(), verified, erased],
} as const satisfies Record<string, readonly Happened[]>;

/** Returns the state after a history. */
export function stateOf(history: readonly Happened[]): AccountState {
  return history.reduce<AccountState>((state, event) => evolve(state, event), absentAccount);
}

/** Returns the person's data after a history. */
export function dataOf(history: readonly Happened[]): PersonData | undefined {
  return history.reduce<PersonData | undefined>(
    (data, event) => evolveData(data, event),
    undefined,
  );
}

/** Returns a record of a held claim. */
export function heldBy(userId: UserId, verified = false): ClaimRecord {
  return { state: 'held', userId, verified };
}

/** Returns a record of a claim that is reserved. */
export function reservedFor(userId: UserId, until = UNDO_UNTIL): ClaimRecord {
  return { state: 'held', userId, verified: true, until };
}

/** Returns the closing of the attempt as a change. */
export function closes(id: UserId, by: ClosedAttempt['by'], userId?: UserId): AttemptChange {
  return { id, record: closing(by, userId), upTo: ATTEMPT_AT };
}

/** An attempt on the HOME address that awaits proof. */
export const openAttempt: OpenState = {
  state: 'open',
  position: ATTEMPT_AT,
  of: ATTEMPT_AT,
  claim: HOME,
  locale: 'en',
  requestedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: EXPIRES,
  data: {
    email: 'vera@example.org',
    displayName: 'Somebody',
    termsVersion: '2025-01',
    profile: { city: 'Anywhere' },
  },
  fingerprint,
};

/** Returns the same attempt after it was closed. */
export function closedBy(by: ClosedAttempt['by'], userId?: UserId): AttemptState {
  return { state: 'closed', position: CLOSED_AT, of: ATTEMPT_AT, expiresAt: EXPIRES, by, userId };
}

/** Returns the record that closes it. */
export function closing(by: ClosedAttempt['by'], userId?: UserId): ClosedAttempt {
  const record = { state: 'closed', attempt: ATTEMPT_AT, expiresAt: EXPIRES, by } as const;
  return userId === undefined ? record : { ...record, userId };
}

/** The events of each account that was read, the last record of each claim, and attempts. */
export type Given = {
  readonly accounts?: readonly (readonly [UserId, readonly Happened[]])[];
  readonly claims?: Readonly<Record<string, ClaimRecord>>;
  readonly attempts?: readonly (readonly [UserId, AttemptState])[];
};

/** Returns the situation of a decision. */
export function situationOf(given: Given): Situation {
  const { accounts = [], claims = {}, attempts = [] } = given;
  return {
    accounts: new Map(accounts.map(([userId, history]) => [userId, stateOf(history)])),
    claims: new Map(
      Object.entries(claims).map(([claim, record]) => [
        claim,
        toClaimState({ record, position: CLAIM_AT }, NOW),
      ]),
    ),
    attempts: new Map(attempts),
  };
}

/** Summarises a decision: the events that it commits, `unchanged`, or the refusal. */
export function summaryOf(decision: Decision): string {
  switch (decision.outcome) {
    case 'commit': {
      const closed = decision.attempts.map(({ record }) => `closed by ${record.by}`);
      return [...decision.accounts.map(({ event }) => event.name), ...closed].join(' + ');
    }
    case 'refused':
      return decision.code;
    case 'unchanged':
    case 'look':
      return decision.outcome;
    default:
      return decision satisfies never;
  }
}
