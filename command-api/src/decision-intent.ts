import { isDeepStrictEqual } from 'node:util';
import {
  ClaimRecord,
  type ErrorCode,
  type FieldError,
  subjects,
  type UserId,
} from '@zameni/contracts';
import type { ClaimPlace, DataKey, Intent, LogMessage, LogRecord } from '@zameni/runtime';
import { Compile } from 'typebox/compile';
import { type AccountState, absentAccount } from './account.ts';
import type { LoadedAccount } from './account-log.ts';
import { type ClaimState, toClaimState } from './claim.ts';
import type { Decision, Situation } from './decision.ts';
import { type Cause, toClaimMessages, toEventMessage, toForgetMessages } from './event-messages.ts';

/** A person who is being registered: her account is presumed new, her key is appended with it. */
export type NewPerson = {
  readonly userId: UserId;
  readonly key: DataKey;
  readonly keyMessage: Omit<LogMessage, 'expectedPosition'>;
  /** Whether the id comes from an idempotency key, so that the account may exist after all. */
  readonly isRetryable: boolean;
};

/** One command: what it is about, and how it is decided. */
export type Plan = {
  /** Accounts to load first; the person's data is opened where `withPerson` names the account. */
  readonly accounts: readonly UserId[];
  readonly withPerson?: UserId;
  readonly newPerson?: NewPerson;
  /** The claims it decides from, once the accounts are loaded. */
  readonly claimsOf: (loaded: ReadonlyMap<UserId, LoadedAccount>) => readonly string[];
  /** Whether its claims most likely exist, so that they are read before the group is formed. */
  readonly readsClaims: boolean;
  /** Set where the caller must not tell by the time it takes what there is behind an address. */
  readonly readsFirst?: boolean;
  /** An account nobody has, which is looked at in the place of one that somebody may have. */
  readonly decoy?: UserId;
  readonly decide: (situation: Situation, loaded: ReadonlyMap<UserId, LoadedAccount>) => Decision;
  readonly cause: Cause;
};

/** What became of a command that was not refused, and the position that covers it. */
export type Committed = {
  readonly outcome: 'commit' | 'unchanged';
  readonly decision: Decision;
  readonly position: number;
};

/** How one try to commit ended; `stale`: what was loaded is not what the log has. */
export type Attempted =
  | Committed
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'look'; readonly accounts: readonly UserId[] }
  | {
      readonly outcome: 'refused';
      readonly code: ErrorCode;
      readonly errors?: readonly FieldError[];
    };

/** What an intent is made of besides the plan: what was loaded and read beforehand. */
export type Loaded = {
  readonly accounts: ReadonlyMap<UserId, LoadedAccount>;
  /** Where each claim that it decides from lies. */
  readonly claims: ReadonlyMap<string, ClaimPlace>;
  readonly presumed: ReadonlyMap<string, LogRecord>;
  readonly claimLifetimeMs: number;
};

/** Most messages of one decision: nine claimants, two claims, a key, an event and a forget record fit. */
const MAX_MESSAGES = 24;
/** Key and event of a registration; its claim is as many messages as it is written to subjects. */
const MAX_REGISTRATION_MESSAGES = 2;

const claimCheck = Compile(ClaimRecord);

/**
 * The intent of a plan: decides from the claims in the log and from the accounts as loaded, and is
 * stale when one of these has moved on.
 */
export function toIntent(
  plan: Plan,
  { accounts: loaded, claims, presumed, claimLifetimeMs }: Loaded,
): Intent<Attempted> {
  const { newPerson, cause } = plan;
  const isNewLooked = newPerson?.isRetryable === true;
  const newSubject = newPerson === undefined ? undefined : subjects.account(newPerson.userId);
  const messagesOf = memoize((decision: Decision) => toMessages(plan, loaded, claims, decision));
  const claimSubjects = [...claims.values()].flatMap(({ reads }) => reads);
  return {
    reads: [
      ...claimSubjects,
      ...[...loaded.keys()].map(subjects.account),
      ...(isNewLooked && newSubject !== undefined ? [newSubject] : []),
    ],
    presumed,
    readsFirst: plan.readsFirst === true,
    maxMessages:
      newPerson === undefined || loaded.size > 0
        ? MAX_MESSAGES
        : MAX_REGISTRATION_MESSAGES + claimSubjects.length,
    decide: (state) => {
      for (const [userId, { last }] of loaded) {
        if (state.get(subjects.account(userId))?.position !== last?.position) {
          return { messages: [], answer: () => ({ outcome: 'stale' }) };
        }
      }
      const accounts = new Map<UserId, AccountState>();
      for (const [userId, account] of loaded) accounts.set(userId, account.state);
      if (newPerson !== undefined) {
        // What a known account says is read when the first answer is given again.
        const isKnown = newSubject !== undefined && state.has(newSubject);
        const known: AccountState = { status: 'erased', version: 1, fingerprint: '' };
        accounts.set(newPerson.userId, isKnown ? known : absentAccount);
      }
      const options = { now: cause.time, lifetimeMs: claimLifetimeMs };
      const claimStates = new Map<string, ClaimState>();
      for (const [claim, { believed }] of claims) {
        const record = parseClaim(state.get(believed)?.data);
        claimStates.set(claim, toClaimState(record, options));
      }
      const decision = plan.decide({ accounts, claims: claimStates }, loaded);
      switch (decision.outcome) {
        case 'commit':
          return {
            messages: messagesOf(decision),
            answer: (position) => ({ outcome: 'commit', decision, position }),
          };
        case 'unchanged':
          return {
            messages: [],
            answer: () => ({ outcome: 'unchanged', decision, position: lastOf(loaded) }),
          };
        case 'refused':
        case 'look':
          return { messages: [], answer: () => decision };
        default:
          return decision satisfies never;
      }
    },
  };
}

/** What a claim says; one that cannot be read is never taken for free. */
function parseClaim(text: string | undefined): ClaimRecord | undefined {
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!claimCheck.Check(value)) throw new Error('a claim in the log cannot be read');
  return value;
}

function toMessages(
  { newPerson, cause }: Plan,
  loaded: ReadonlyMap<UserId, LoadedAccount>,
  claims: ReadonlyMap<string, ClaimPlace>,
  decision: Decision,
): Omit<LogMessage, 'expectedPosition'>[] {
  if (decision.outcome !== 'commit') return [];
  const isRegistered = decision.accounts.some(
    ({ userId, event }) => userId === newPerson?.userId && event.name === 'registered',
  );
  return [
    ...decision.claims.flatMap((change) => toClaimMessages(change, claims)),
    ...toForgetMessages(decision.accounts, decision.claims, claims),
    ...(isRegistered && newPerson !== undefined ? [newPerson.keyMessage] : []),
    ...decision.accounts.map(({ userId, event }) => {
      const account = loaded.get(userId);
      const before = account?.state ?? absentAccount;
      const version = before.status === 'absent' ? 1 : before.version + 1;
      const key = userId === newPerson?.userId ? newPerson.key : account?.person?.key;
      return toEventMessage({ userId, event, version, key }, cause);
    }),
  ];
}

function lastOf(loaded: ReadonlyMap<UserId, LoadedAccount>): number {
  return Math.max(0, ...[...loaded.values()].map(({ last }) => last?.position ?? 0));
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
