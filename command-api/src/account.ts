import type { AccountEvent, AccountFact, RefusalReason } from '@zameni/contracts';

/** What every account knows that began with a registration of a person. */
type Person = {
  readonly version: number;
  /** What a retry of the registration is compared with. */
  readonly fingerprint: string;
  /** The event whose proof of the mailbox is awaited, or was given: the registration. */
  readonly attempt: string;
  readonly emailVerified: boolean;
  /** The newest address change that waits for its mailbox to be proven. */
  readonly change: { readonly attempt: string } | null;
};

/**
 * What the log says of one account. `pending`: an attempt on an address that somebody else holds
 * unproven. `superseded`: somebody else has the address now.
 */
export type AccountState =
  | { readonly status: 'absent' }
  | {
      readonly status: 'refused';
      readonly version: number;
      readonly fingerprint: string;
      readonly reason: RefusalReason;
    }
  | ({ readonly status: 'pending' | 'active' | 'deactivated' | 'superseded' } & Person)
  | { readonly status: 'erased'; readonly version: number; readonly fingerprint: string };

/** The state of an account nothing is known of. */
export const absentAccount: AccountState = { status: 'absent' };

/** An event without its personal data, with the id it has in the log. */
export type IdentifiedFact = AccountFact & { readonly id: string };

/** The state after one more event; takes every event ever stored. */
export function evolve(state: AccountState, event: IdentifiedFact): AccountState {
  const version = state.status === 'absent' ? 1 : state.version + 1;
  switch (event.name) {
    case 'registered':
      return {
        status: event.data.standing === 'held' ? 'active' : 'pending',
        version,
        fingerprint: event.data.fingerprint,
        attempt: event.id,
        emailVerified: false,
        change: null,
      };
    case 'registration-refused':
      return { status: 'refused', version, ...event.data };
    case 'erased':
      return state.status === 'absent'
        ? state
        : { status: 'erased', version, fingerprint: state.fingerprint };
    case 'superseded':
      return isPerson(state) ? { ...state, version, status: 'superseded' } : state;
    case 'email-verified':
      if (!isPerson(state)) return state;
      return {
        ...state,
        version,
        status: state.status === 'pending' ? 'active' : state.status,
        emailVerified: true,
      };
    case 'email-change-requested':
      return isPerson(state) ? { ...state, version, change: { attempt: event.id } } : state;
    case 'email-changed':
      return isPerson(state) ? { ...state, version, emailVerified: true, change: null } : state;
    case 'deactivated':
      return isPerson(state) ? { ...state, version, status: 'deactivated' } : state;
    case 'reactivated':
      return isPerson(state) ? { ...state, version, status: 'active' } : state;
    case 'profile-updated':
    case 'verification-requested':
      return isPerson(state) ? { ...state, version } : state;
    default:
      return event satisfies never;
  }
}

function isPerson(state: AccountState): state is Extract<AccountState, Person> {
  return 'attempt' in state;
}

/** A person's data as the newest events have it; undefined before the registration. */
export type PersonData = {
  readonly email: string;
  readonly claim: string;
  readonly displayName: string;
  readonly locale: string;
  readonly profile: Readonly<Record<string, string | number | boolean>>;
  /** The address that waits for proof, by the attempt that asked for it. */
  readonly wanted: { readonly email: string; readonly claim: string } | null;
};

/** A person's data after one more event. */
export function evolveData(
  data: PersonData | undefined,
  event: AccountEvent,
): PersonData | undefined {
  switch (event.name) {
    case 'registered':
      return { ...event.personal, locale: event.data.locale, wanted: null };
    case 'profile-updated':
      return data && { ...data, ...event.personal, locale: event.data.locale };
    case 'email-change-requested':
      return data && { ...data, wanted: event.personal };
    case 'email-changed':
      return data && { ...data, ...event.personal, wanted: null };
    case 'registration-refused':
    case 'superseded':
    case 'verification-requested':
    case 'email-verified':
    case 'deactivated':
    case 'reactivated':
    case 'erased':
      return data;
    default:
      return event satisfies never;
  }
}

/** The answer to a retry of a registration, from the state after the first event of its account. */
export function answerAgain(
  state: AccountState,
  fingerprint: string,
): 'registered' | 'pending' | 'refused' | 'key-reused' | 'unknown' {
  if (state.status === 'absent') return 'unknown';
  if (state.fingerprint !== fingerprint) return 'key-reused';
  if (state.status === 'refused' || state.status === 'pending') return state.status;
  return 'registered';
}
