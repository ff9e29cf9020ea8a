import { type AccountEvent, type ClaimRecord, parseUserId, type UserId } from '@zameni/contracts';
import {
  type AccountState,
  absentAccount,
  evolve,
  evolveData,
  type PersonData,
} from './account.ts';
import { toClaimState } from './claim.ts';
import type { Decision, Situation } from './decision.ts';

/** When the decisions of tests are made, and how long a claim lasts that nobody proves. */
export const NOW = '2026-11-22T10:00:00.000Z';
export const LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;

/** A claim's instant that is young, and one whose claim has expired. */
export const YOUNG = '2026-11-21T10:00:00.000Z';
export const OLD = '2026-11-01T10:00:00.000Z';

/** The id of the n-th made-up person. */
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

/** An event with the id it has in the log. */
export type Happened = AccountEvent & { readonly id: string };

const fingerprint = 'f'.repeat(43);

/** The events of made-up histories; ids say what happened, so that attempts are readable. */
export const registered = (standing: 'held' | 'contested' = 'held', claim = HOME): Happened => ({
  id: 'registration',
  name: 'registered',
  data: { locale: 'sr-Latn-RS', termsVersion: '2026-01', fingerprint, standing },
  personal: {
    email: 'vera@example.org',
    claim,
    displayName: 'Vera Marković',
    profile: { city: 'Niš', news: true },
  },
});
export const refused: Happened = {
  id: 'refusal',
  name: 'registration-refused',
  data: { reason: 'address-taken', fingerprint },
  personal: null,
};
export const verified: Happened = {
  id: 'proof',
  name: 'email-verified',
  data: { attempt: 'registration' },
  personal: null,
};
export const changeRequested = (id = 'change', claim = WORK): Happened => ({
  id,
  name: 'email-change-requested',
  data: {},
  personal: { email: 'vera@example.net', claim },
});
export const changed = (attempt = 'change', claim = WORK): Happened => ({
  id: 'changed',
  name: 'email-changed',
  data: { attempt },
  personal: { email: 'vera@example.net', claim },
});
export const superseded = (by: 'proof' | 'expiry' = 'proof'): Happened => ({
  id: 'superseded',
  name: 'superseded',
  data: { by },
  personal: null,
});
const reasoned = { data: { reasonCode: 'requested' }, personal: null } as const;
export const deactivated: Happened = { id: 'deactivation', name: 'deactivated', ...reasoned };
export const reactivated: Happened = { id: 'reactivation', name: 'reactivated', ...reasoned };
export const erased: Happened = { id: 'erasure', name: 'erased', data: {}, personal: null };

/** A history that ends in each status; `proven` is active with a proven mailbox. */
export const HISTORIES = {
  absent: [],
  refused: [refused],
  pending: [registered('contested')],
  active: [registered()],
  proven: [registered(), verified],
  deactivated: [registered(), verified, deactivated],
  superseded: [registered(), superseded()],
  erased: [registered(), verified, erased],
} as const satisfies Record<string, readonly Happened[]>;

/** The state that a history leads to. */
export function stateOf(history: readonly Happened[]): AccountState {
  return history.reduce<AccountState>((state, event) => evolve(state, event), absentAccount);
}

/** The person's data that a history leads to. */
export function dataOf(history: readonly Happened[]): PersonData | undefined {
  return history.reduce<PersonData | undefined>(
    (data, event) => evolveData(data, event),
    undefined,
  );
}

/** A record of a held claim. */
export function heldBy(
  userId: UserId,
  more: Partial<Omit<Extract<ClaimRecord, { state: 'held' }>, 'state' | 'userId'>> = {},
): ClaimRecord {
  return { state: 'held', userId, verified: false, since: YOUNG, ...more };
}

/** What happened to each account that was looked at, and the last record of each claim. */
export type Given = {
  readonly accounts?: readonly (readonly [UserId, readonly Happened[]])[];
  readonly claims?: Readonly<Record<string, ClaimRecord>>;
};

/** The situation that a decision is made in. */
export function situationOf({ accounts = [], claims = {} }: Given): Situation {
  const options = { now: NOW, lifetimeMs: LIFETIME_MS };
  return {
    accounts: new Map(accounts.map(([userId, history]) => [userId, stateOf(history)])),
    claims: new Map(
      Object.entries(claims).map(([claim, record]) => [claim, toClaimState(record, options)]),
    ),
  };
}

/** A decision in few words: the events it commits, that it changes nothing, or the refusal. */
export function summaryOf(decision: Decision): string {
  switch (decision.outcome) {
    case 'commit':
      return decision.accounts.map(({ event }) => event.name).join(' + ');
    case 'refused':
      return decision.code;
    case 'unchanged':
    case 'look':
      return decision.outcome;
    default:
      return decision satisfies never;
  }
}
