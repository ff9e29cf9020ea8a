import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, type FieldError, subjects, type UserId } from '@zameni/contracts';
import type { ClaimPlace, LogMessage, LogRecord } from '@zameni/runtime';
import type { Intent, ReadState } from './group.ts';
import { type AccountState, absentAccount } from '../domain/account.ts';
import type { LoadedAccount } from '../log/account-reader.ts';
import type { LoadedAttempt } from '../log/attempt-reader.ts';
import { type ClaimState, parseClaim, toClaimState } from '../domain/claim.ts';
import { claimIn, type Commit, type Decision, type Situation } from '../domain/decision.ts';
import {
  type Cause,
  toAttemptMessage,
  toClaimMessages,
  toDeletionMessages,
  toEventMessage,
} from './event-messages.ts';
import type { NewPerson } from './new-person.ts';

/** One command: what it is about, and how it is decided. */
export type Plan = {
  /** Accounts to load first; the person's data is opened where `withPerson` names the account. */
  readonly accounts: readonly UserId[];
  readonly withPerson?: UserId;
  /** Attempts to load first. */
  readonly attempts?: readonly UserId[];
  /** Where it is not among `accounts`, the account is presumed absent. */
  readonly newPerson?: NewPerson;
  /** The claims it decides from, once the accounts are loaded. */
  readonly claimsOf: (loaded: ReadonlyMap<UserId, LoadedAccount>) => readonly string[];
  /** Whether its claims most likely exist, so that they are read before the group is formed. */
  readonly readsClaims: boolean;
  readonly decide: (situation: Situation, loaded: ReadonlyMap<UserId, LoadedAccount>) => Decision;
  readonly cause: Cause;
};

/** How a command that was not refused ended, and the position that covers it. */
export type Committed = {
  readonly outcome: 'commit' | 'unchanged';
  readonly decision: Decision;
  readonly position: number;
};

/** Positions of what a decision was made from, by subject; 0 where nothing was. */
export type Seen = ReadonlyMap<string, number>;

/** How one try to commit ended; `stale`: what was loaded is not what the log has. */
export type Attempted =
  | (Committed & { readonly outcome: 'commit' })
  | (Committed & { readonly outcome: 'unchanged'; readonly seen: Seen })
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'look'; readonly account: UserId }
  | {
      readonly outcome: 'refused';
      readonly code: ErrorCode;
      readonly errors?: readonly FieldError[];
      readonly seen: Seen;
    };

/** What an intent is made of besides the plan: what was loaded and read beforehand. */
export type Loaded = {
  readonly accounts: ReadonlyMap<UserId, LoadedAccount>;
  readonly attempts: ReadonlyMap<UserId, LoadedAttempt>;
  /** Where each claim that it decides from lies. */
  readonly claims: ReadonlyMap<string, ClaimPlace>;
  readonly presumed: ReadonlyMap<string, LogRecord>;
};

/** Most messages of one decision: two claims of two subjects each, deletion, attempt, key, two events. */
const MAX_MESSAGES = 9;
/** Key and event of a registration; its claim is as many messages as it is written to subjects. */
const MAX_REGISTRATION_MESSAGES = 2;

/**
 * The intent of a plan: decides from the claims in the log and from accounts and attempts as loaded,
 * and is stale when one of these has moved on.
 */
export function toIntent(plan: Plan, loaded: Loaded): Intent<Attempted> {
  const { newPerson } = plan;
  const { accounts, attempts, claims, presumed } = loaded;
  const messagesOf = memoize((decision: Decision) => toMessages(plan, loaded, decision));
  const claimSubjects = [...claims.values()].flatMap(({ reads }) => reads);
  const lastOf = new Map<string, LogRecord | undefined>([
    ...[...accounts].map(([id, { last }]) => [subjects.account(id), last] as const),
    ...[...attempts].map(([id, { last }]) => [subjects.attempt(id), last] as const),
  ]);
  const isPresumedNew = newPerson !== undefined && !accounts.has(newPerson.userId);
  const newSubject = isPresumedNew ? [subjects.account(newPerson.userId)] : [];
  const reads = [...new Set([...claimSubjects, ...lastOf.keys(), ...newSubject])];
  return {
    reads,
    presumed,
    maxMessages:
      accounts.size > 0 ? MAX_MESSAGES : MAX_REGISTRATION_MESSAGES + claimSubjects.length,
    decide: (state) => {
      for (const [subject, last] of lastOf) {
        if (state.get(subject)?.position !== last?.position) {
          return { messages: [], answer: () => ({ outcome: 'stale' }) };
        }
      }
      const toSeen = () => new Map(reads.map((subject) => [subject, positionIn(state, subject)]));
      const situation = toSituation(plan, loaded, state);
      const decision = plan.decide(situation, accounts);
      switch (decision.outcome) {
        case 'commit': {
          const carrying = carryErasures(decision, situation);
          if (carrying === undefined) return { messages: [], answer: () => ({ outcome: 'stale' }) };
          return {
            messages: messagesOf(carrying),
            answer: (position) => ({ outcome: 'commit', decision, position }),
          };
        }
        case 'unchanged': {
          const known = [...accounts.values(), ...attempts.values()];
          const position = Math.max(0, ...known.map(({ last }) => last?.position ?? 0));
          const seen = toSeen();
          const answer = { outcome: 'unchanged', decision, position, seen } as const;
          return { messages: [], answer: () => answer };
        }
        case 'refused': {
          const answer = { ...decision, seen: toSeen() };
          return { messages: [], answer: () => answer };
        }
        case 'look':
          return { messages: [], answer: () => decision };
        default:
          return decision satisfies never;
      }
    },
  };
}

function toSituation(
  { newPerson }: Plan,
  { accounts, attempts, claims }: Loaded,
  state: ReadState,
): Situation {
  const accountStates = new Map<UserId, AccountState>();
  for (const [userId, account] of accounts) accountStates.set(userId, account.state);
  if (newPerson !== undefined && !accounts.has(newPerson.userId)) {
    // Any state but absent will do: what the account says is read when its first answer is given again.
    const isKnown = state.has(subjects.account(newPerson.userId));
    accountStates.set(newPerson.userId, isKnown ? { status: 'erased', version: 1 } : absentAccount);
  }
  const claimStates = new Map<string, ClaimState>();
  for (const [claim, { believed }] of claims) {
    const last = state.get(believed);
    if (last === undefined) continue;
    claimStates.set(
      claim,
      toClaimState({ record: parseClaim(last.data), position: last.position }),
    );
  }
  const attemptStates = new Map([...attempts].map(([id, attempt]) => [id, attempt.state]));
  return { accounts: accountStates, claims: claimStates, attempts: attemptStates };
}

/**
 * Repeats in each new record of a claim the newest erasure that released it. Undefined when that lies in
 * the same batch: its position is not known yet.
 */
function carryErasures<Decided extends Commit>(
  decision: Decided,
  situation: Situation,
): Decided | undefined {
  const erasedAt = decision.claims.map(({ claim }) => claimIn(situation, claim).erasedAt);
  if (erasedAt.includes(Number.POSITIVE_INFINITY)) return undefined;
  if (erasedAt.every((position) => position === 0)) return decision;
  const claims = decision.claims.map(({ claim, record }, n) => {
    const position = erasedAt[n] ?? 0;
    return { claim, record: position === 0 ? record : { ...record, erasedAt: position } };
  });
  return { ...decision, claims };
}

/** Infinity for what an earlier intent of the same group is about to append. */
function positionIn(state: ReadState, subject: string): number {
  const record = state.get(subject);
  return record === undefined ? 0 : (record.position ?? Number.POSITIVE_INFINITY);
}

function toMessages(
  { newPerson, cause }: Plan,
  { accounts, claims }: Loaded,
  decision: Decision,
): Omit<LogMessage, 'expectedPosition'>[] {
  if (decision.outcome !== 'commit') return [];
  const isRegistered = decision.accounts.some(
    ({ userId, event }) => userId === newPerson?.userId && event.name === 'registered',
  );
  return [
    ...decision.claims.flatMap((change) => toClaimMessages(change, claims)),
    ...toDeletionMessages(decision, claims),
    ...decision.attempts.map((change) => toAttemptMessage(change, cause.time)),
    ...(isRegistered && newPerson !== undefined ? [newPerson.keyMessage] : []),
    ...decision.accounts.map(({ userId, event }) => {
      const account = accounts.get(userId);
      const before = account?.state ?? absentAccount;
      const version = before.status === 'absent' ? 1 : before.version + 1;
      const key = userId === newPerson?.userId ? newPerson.key : account?.person?.key;
      return toEventMessage({ userId, event, version, key }, cause);
    }),
  ];
}

/** A rejected group is decided again: equal decisions must give identical messages. */
function memoize<Made>(make: (decision: Decision) => Made): (decision: Decision) => Made {
  const known: { readonly decision: Decision; readonly made: Made }[] = [];
  return (decision) => {
    // Most are decided once, so nothing is compared before there is something to compare with.
    const before = known.find((one) => isDeepStrictEqual(one.decision, decision));
    if (before !== undefined) return before.made;
    const made = make(decision);
    known.push({ decision, made });
    return made;
  };
}
