import { type AccountEvent, type AccountFact, MAX_FORMER } from '@zameni/contracts';
import { isBefore } from './claim.ts';

/** A person's account that is not erased. */
export type PresentAccount = {
  readonly status: 'active' | 'deactivated';
  /** Whether an operator deactivated it. False if only the owner of its mailbox did. */
  readonly isBarred: boolean;
  readonly version: number;
  /** Retries of the registration are compared by it. */
  readonly fingerprint: string;
  readonly locale: string;
  /** The event that registered the person. Its link proves the first address. */
  readonly registration: string;
  /** The position of the attempt that became this account. Undefined if vouched. */
  readonly attempt: number | undefined;
  readonly emailVerified: boolean;
  /** False after the owner of the mailbox disowned the account. */
  readonly holdsAddress: boolean;
  /** The event that requested the pending address change, whose mailbox is not proven yet. */
  readonly change: string | undefined;
  /** Events that were proven. Their links get the same answer permanently. */
  readonly proofs: readonly string[];
};

/** State of one account, folded from the log. */
export type AccountState =
  | { readonly status: 'absent' }
  | PresentAccount
  | { readonly status: 'erased'; readonly version: number };

/** State of an account without events. */
export const absentAccount: AccountState = { status: 'absent' };

/** An event without its personal data, with its id in the log. */
export type IdentifiedFact = AccountFact & { readonly id: string };

/** Returns the state after one more event. It accepts every event ever stored. */
export function evolve(state: AccountState, event: IdentifiedFact): AccountState {
  if (event.name === 'registered') {
    const { fingerprint, locale, emailVerified, attempt } = event.data;
    return {
      status: 'active',
      isBarred: false,
      version: 1,
      fingerprint,
      locale,
      registration: event.id,
      attempt,
      emailVerified,
      holdsAddress: true,
      change: undefined,
      proofs: [],
    };
  }
  if (state.status === 'absent') return state;
  const version = state.version + 1;
  if (state.status === 'erased' || event.name === 'erased') return { status: 'erased', version };
  switch (event.name) {
    case 'email-verified':
      return { ...state, version, emailVerified: true, proofs: proven(state, event.data) };
    case 'email-change-requested':
      return { ...state, version, change: event.id };
    case 'email-change-cancelled':
      return { ...state, version, change: undefined };
    case 'email-changed':
      return {
        ...state,
        version,
        emailVerified: true,
        holdsAddress: true,
        change: undefined,
        proofs: proven(state, event.data),
      };
    case 'deactivated':
      return {
        ...state,
        version,
        status: 'deactivated',
        isBarred: state.isBarred || event.data.address === undefined,
        holdsAddress: state.holdsAddress && event.data.address === undefined,
      };
    case 'reactivated':
      return { ...state, version, status: 'active', isBarred: false };
    case 'profile-updated':
      return { ...state, version, locale: event.data.locale };
    default:
      return event satisfies never;
  }
}

function proven({ proofs }: PresentAccount, { request }: { readonly request: string }) {
  return [...proofs, request];
}

/** A person's data after their newest event. Undefined before the registration. */
export type PersonData = {
  readonly email: string;
  readonly claim: string;
  readonly displayName: string;
  readonly locale: string;
  readonly profile: Readonly<Record<string, string | number | boolean>>;
  /** The address that awaits proof. */
  readonly wanted: { readonly email: string; readonly claim: string } | null;
  /** Every address change that was ever requested, the oldest first. */
  readonly changes: readonly RequestedAddress[];
};

/** A requested address change: its event, the address at that time and the wanted claim. */
export type RequestedAddress = {
  readonly request: string;
  readonly from: string;
  readonly fromEmail: string;
  readonly to: string;
  /** Until when the former mailbox may undo it, once it is made (RFC 3339). */
  readonly undoUntil?: string;
  /** Whether it was undone, or one before it. */
  readonly isUndone?: true;
};

/** Returns a person's data after one more event. */
export function evolveData(
  data: PersonData | undefined,
  event: AccountEvent & { readonly id: string },
): PersonData | undefined {
  switch (event.name) {
    case 'registered':
      return { ...event.personal, locale: event.data.locale, wanted: null, changes: [] };
    case 'profile-updated':
      return data && { ...data, ...event.personal, locale: event.data.locale };
    case 'email-change-requested': {
      if (data === undefined) return undefined;
      const { email: fromEmail, claim: from } = data;
      const change = { request: event.id, from, fromEmail, to: event.personal.claim };
      return { ...data, wanted: event.personal, changes: [...data.changes, change] };
    }
    case 'email-change-cancelled':
      return data && { ...data, wanted: null };
    case 'email-changed':
      if (data === undefined) return undefined;
      return {
        ...data,
        ...event.personal,
        wanted: null,
        changes: withMade(data.changes, event.data),
      };
    case 'email-verified':
    case 'deactivated':
    case 'reactivated':
    case 'erased':
      return data;
    default:
      return event satisfies never;
  }
}

/** An undo ends the changes after it too: they were made with the address that is taken back. */
function withMade(
  changes: readonly RequestedAddress[],
  { request, undo, undoUntil }: Extract<AccountEvent, { name: 'email-changed' }>['data'],
): readonly RequestedAddress[] {
  const at = changes.findIndex((each) => each.request === request);
  return changes.map((each, n) => {
    if (undo === true) return n >= at ? { ...each, isUndone: true } : each;
    return n === at && undoUntil !== undefined ? { ...each, undoUntil } : each;
  });
}

/** An address that a person has left, and until when it was reserved for them (RFC 3339). */
export type FormerAddress = {
  readonly claim: string;
  readonly email: string;
  readonly until: string;
  /** The event that requested the change. */
  readonly request: string;
};

/**
 * The addresses that a person has left by a change that could be taken back, the newest first, each
 * once, and the newest ones only.
 */
export function formerAddresses(data: PersonData | undefined): readonly FormerAddress[] {
  const former = new Map<string, FormerAddress>();
  for (const { request, from, fromEmail, undoUntil } of data?.changes.toReversed() ?? []) {
    if (undoUntil === undefined || from === data?.claim || former.has(from)) continue;
    former.set(from, { claim: from, email: fromEmail, until: undoUntil, request });
  }
  return [...former.values()].slice(0, MAX_FORMER);
}

/** The former addresses that are reserved for a person at an instant (RFC 3339). */
export function reservedAddresses(
  data: PersonData | undefined,
  now: string,
): readonly FormerAddress[] {
  return formerAddresses(data).filter(({ until }) => isBefore(now, until));
}
