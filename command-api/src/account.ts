import type {
  AccountEvent,
  AccountFact,
  RefusalReason,
  RegisteredPersonal,
} from '@zameni/contracts';

/** What the log says of one account; `registered` and `refused` keep what a retry is compared with. */
export type AccountState =
  | { readonly status: 'absent' }
  | { readonly status: 'registered'; readonly version: number; readonly fingerprint: string }
  | {
      readonly status: 'refused';
      readonly version: number;
      readonly reason: RefusalReason;
      readonly fingerprint: string;
    };

/** The state of an account nothing is known of. */
export const absentAccount: AccountState = { status: 'absent' };

/** Whether the account has any event; what it says is read only for a retry. */
export type AccountPresence = 'absent' | 'present';

/** Whether the address is held by somebody. */
export type AddressState = 'free' | 'held';

/** A person asks to be registered; time, ids and digests are already in it. */
export type Register = {
  readonly type: 'register';
  readonly fingerprint: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly personal: RegisteredPersonal;
};

/** What to do about a command: append this event, or nothing because it was decided before. */
export type AccountDecision =
  | { readonly outcome: 'append'; readonly event: AccountEvent }
  | { readonly outcome: 'decided-before' };

/** Decides a command. Registering never fails: a taken address gives a `registration-refused`. */
export function decide(
  command: Register,
  state: { readonly account: AccountPresence; readonly address: AddressState },
): AccountDecision {
  const { fingerprint, locale, termsVersion, personal } = command;
  if (state.account !== 'absent') return { outcome: 'decided-before' };
  const event: AccountEvent =
    state.address === 'held'
      ? {
          name: 'registration-refused',
          data: { reason: 'address-taken', fingerprint },
          personal: null,
        }
      : { name: 'registered', data: { locale, termsVersion, fingerprint }, personal };
  return { outcome: 'append', event };
}

/** The state after one more event; takes every event ever stored. */
export function evolve(state: AccountState, event: AccountFact): AccountState {
  const version = state.status === 'absent' ? 1 : state.version + 1;
  switch (event.name) {
    case 'registered':
      return { status: 'registered', version, fingerprint: event.data.fingerprint };
    case 'registration-refused':
      return { status: 'refused', version, ...event.data };
    default:
      return event satisfies never;
  }
}

/** The answer to a retry, from the state after the first event of its account. */
export function answerAgain(
  state: AccountState,
  fingerprint: string,
): 'registered' | 'refused' | 'key-reused' | 'unknown' {
  switch (state.status) {
    case 'absent':
      return 'unknown';
    case 'registered':
    case 'refused':
      return state.fingerprint === fingerprint ? state.status : 'key-reused';
    default:
      return state satisfies never;
  }
}
