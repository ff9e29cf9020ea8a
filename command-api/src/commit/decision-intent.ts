import { isDeepStrictEqual } from 'node:util';
import { parseClaimRecord, parseOrThrow, subjects, type UserId } from '@zameni/contracts';
import type { ClaimPlace, LogRecord } from '@zameni/runtime';
import { type AccountState, absentAccount } from '../domain/account.ts';
import { type ClaimState, toClaimState } from '../domain/claim.ts';
import {
  claimIn,
  type Commit,
  type Decision,
  type Refusal,
  type Situation,
} from '../domain/decision.ts';
import type { LoadedAccount } from '../log/account-reader.ts';
import type { LoadedAttempt } from '../log/attempt-reader.ts';
import {
  type Cause,
  type FarewellKeys,
  type NewPerson,
  toAttemptMessage,
  toClaimMessages,
  toDeletionMessages,
  toEventMessage,
  toFarewellMessages,
  isReserved,
  toReservedMessages,
} from './event-messages.ts';
import type { Intent, ReadState, UnguardedMessage, Write } from './group/group.ts';

/** A command: what it is about, and how it is decided. */
export type Plan = {
  /** Accounts to load first; the person's data is opened where `withPerson` names the account. */
  readonly accounts: readonly UserId[];
  readonly withPerson?: UserId;
  /** Attempts to load first. */
  readonly attempts?: readonly UserId[];
  /** Who may be registered. Where it is not among `accounts`, the account is assumed absent. */
  readonly newPerson?: UserId;
  /** The claims it decides from, once the accounts are loaded. */
  readonly claimsOf: (loaded: ReadonlyMap<UserId, LoadedAccount>) => readonly string[];
  /** Whether its claims most likely exist, so that they are read before the group is formed. */
  readonly readsClaims: boolean;
  readonly decide: (situation: Situation, loaded: ReadonlyMap<UserId, LoadedAccount>) => Decision;
  readonly cause: Cause;
};

/** How a command that was not refused ended. */
export type Committed = {
  readonly outcome: 'commit' | 'unchanged';
  /** The account that the answer is about, where it is not the one that the command named. */
  readonly subject: UserId | undefined;
  /** The position that covers it. */
  readonly position: number;
};

/** Positions of what a decision was made from, by subject; 0 where the log had nothing. */
export type Seen = ReadonlyMap<string, number>;

/** How one try to commit ended; `stale`: the log has moved on since the accounts were read. */
export type Tried =
  | (Committed & { readonly outcome: 'commit' })
  | (Committed & { readonly outcome: 'unchanged'; readonly seen: Seen })
  | (Refusal & { readonly seen: Seen })
  | { readonly outcome: 'look'; readonly account: UserId }
  | { readonly outcome: 'stale' };

/** What an intent needs besides the plan: everything that was loaded or made before. */
export type Loaded = {
  readonly accounts: ReadonlyMap<UserId, LoadedAccount>;
  readonly attempts: ReadonlyMap<UserId, LoadedAttempt>;
  /** The subjects of each claim that it decides from. */
  readonly claims: ReadonlyMap<string, ClaimPlace>;
  readonly newPerson: NewPerson | undefined;
  /**
   * The subjects it decides from that were not loaded: of claims, and of an assumed new account.
   */
  readonly unloaded: readonly string[];
  /** Records that were read already, by subject. */
  readonly known: ReadonlyMap<string, LogRecord>;
};

/** Of each claim that a decision reads: two subjects, and a farewell to the address. */
const MAX_FOR_CLAIM = 3;

/** Deletion record, attempt, key, two events. */
const MAX_OTHERS = 5;

const STALE: Write<Tried> = { messages: [], answer: () => ({ outcome: 'stale' }) };

/**
 * The intent of a plan. It decides from the claims in the log and from accounts and attempts as
 * loaded, and is stale when one of these has moved on.
 */
export function toIntent(plan: Plan, loaded: Loaded, keys: FarewellKeys): Intent<Tried> {
  const { accounts, attempts, claims, unloaded, known } = loaded;
  const toMessagesOnce = memoize((decision: Commit) => toMessages(plan, loaded, keys, decision));
  const lastOf = lastRecords(loaded);
  const reads = subjectsOf(loaded);
  return {
    reads,
    known,
    // Without an account it is a registration: a key, and a message on each subject it reads.
    maxMessages: accounts.size > 0 ? MAX_FOR_CLAIM * claims.size + MAX_OTHERS : 1 + unloaded.length,
    decide: (state) => {
      for (const [subject, last] of lastOf) {
        if (state.get(subject)?.position !== last?.position) return STALE;
      }
      const situation = toSituation(loaded, state, plan.cause.time);
      const decision = plan.decide(situation, accounts);
      const { outcome } = decision;
      switch (outcome) {
        case 'commit': {
          const carrying = carryErasures(decision, situation);
          if (carrying === undefined) return STALE;
          const { subject } = decision;
          return {
            messages: toMessagesOnce(carrying),
            answer: (position) => ({ outcome, subject, position }),
          };
        }
        case 'unchanged': {
          const all = [...accounts.values(), ...attempts.values()];
          const position = Math.max(0, ...all.map(({ last }) => last?.position ?? 0));
          const { subject } = decision;
          const answer = { outcome, subject, position, seen: toSeen(loaded, state) } as const;
          return { messages: [], answer: () => answer };
        }
        case 'refused': {
          const answer = { ...decision, seen: toSeen(loaded, state) };
          return { messages: [], answer: () => answer };
        }
        case 'look':
          return { messages: [], answer: () => decision };
        default:
          return outcome satisfies never;
      }
    },
  };
}

/** The last record of each account and attempt that was loaded, by subject. */
function lastRecords({ accounts, attempts }: Loaded): ReadonlyMap<string, LogRecord | undefined> {
  return new Map<string, LogRecord | undefined>([
    ...[...accounts].map(([id, { last }]) => [subjects.account(id), last] as const),
    ...[...attempts].map(([id, { last }]) => [subjects.attempt(id), last] as const),
  ]);
}

function subjectsOf(loaded: Loaded): readonly string[] {
  return [...new Set([...loaded.unloaded, ...lastRecords(loaded).keys()])];
}

/** The positions of what was loaded. */
export function toSeen(loaded: Loaded, state: ReadState): Seen {
  return new Map(subjectsOf(loaded).map((subject) => [subject, positionIn(state, subject)]));
}

/** The situation by what was loaded and what was read, at an instant (RFC 3339). */
export function toSituation(
  { accounts, attempts, claims, newPerson }: Loaded,
  state: ReadState,
  now: string,
): Situation {
  const accountStates = new Map<UserId, AccountState>();
  for (const [userId, account] of accounts) accountStates.set(userId, account.state);
  if (newPerson !== undefined && !accounts.has(newPerson.userId)) {
    // Any state but absent will do: the account is read when its first answer is repeated.
    const isKnown = state.has(subjects.account(newPerson.userId));
    accountStates.set(newPerson.userId, isKnown ? { status: 'erased', version: 1 } : absentAccount);
  }
  const claimStates = new Map<string, ClaimState>();
  for (const [claim, { believed }] of claims) {
    const last = state.get(believed);
    if (last === undefined) continue;
    claimStates.set(
      claim,
      toClaimState({ record: parseOrThrow(parseClaimRecord, last), position: last.position }, now),
    );
  }
  const attemptStates = new Map([...attempts].map(([id, attempt]) => [id, attempt.state]));
  return { accounts: accountStates, claims: claimStates, attempts: attemptStates };
}

/**
 * Repeats in each new record of a claim the newest erasure that released it. Returns undefined when
 * that erasure is in the same batch, because its position is not known yet.
 */
function carryErasures(decision: Commit, situation: Situation): Commit | undefined {
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
  { cause }: Plan,
  { accounts, claims, newPerson }: Loaded,
  keys: FarewellKeys,
  decision: Commit,
): UnguardedMessage[] {
  const isRegistered = decision.accounts.some(
    ({ userId, event }) => userId === newPerson?.userId && event.name === 'registered',
  );
  const reserved = decision.claims.filter(isReserved);
  const others = decision.claims.filter((change) => !isReserved(change));
  return [
    ...others.flatMap((change) => toClaimMessages(change, claims)),
    ...toDeletionMessages(decision, claims),
    // After the deletion record, which has older records of these claims deleted.
    ...reserved.flatMap((change) => toReservedMessages(change, claims, cause.time)),
    ...decision.attempts.map((change) => toAttemptMessage(change, cause.time)),
    ...decision.farewells.flatMap((farewell) => toFarewellMessages(farewell, keys, cause.time)),
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
function memoize<Made>(make: (decision: Commit) => Made): (decision: Commit) => Made {
  const known: { readonly decision: Commit; readonly made: Made }[] = [];
  return (decision) => {
    // Most intents are decided once, and then there is nothing to compare with.
    const before = known.find((one) => isDeepStrictEqual(one.decision, decision));
    if (before !== undefined) return before.made;
    const made = make(decision);
    known.push({ decision, made });
    return made;
  };
}
