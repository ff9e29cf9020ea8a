import type {
  AccountEvent,
  AccountFact,
  EventMetadata,
  RegistrationOutcome,
  UserView,
} from '@zameni/contracts';

/** An event at its place in the log; `event` is undefined when its personal data cannot be opened. */
export type PlacedEvent = {
  readonly position: number;
  readonly metadata: EventMetadata;
  readonly fact: AccountFact;
  readonly event: AccountEvent | undefined;
};

/** What holds from a position on until the next. */
export type Since<Value> = { readonly position: number; readonly value: Value };

/** A person as the events make her, whether others may read her yet or not. */
export type Person = {
  readonly view: UserView;
  readonly claim: string;
  readonly standing: 'held' | 'contested';
  /** The position at which the address became hers; undefined while it is contested. */
  readonly ownedAt: number | undefined;
};

/** One account, folded from its events for the checks alone: no code of the services takes part. */
export type LogAccount = {
  readonly registrationId: string;
  /** The positions of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** How its registration stood, since when; empty for an account that nobody registered. */
  readonly outcomes: readonly Since<RegistrationOutcome>[];
  /** The person since when; undefined when there is none any more. */
  readonly people: readonly Since<Person | undefined>[];
  readonly isErased: boolean;
};

/** Folds the events of one account, which are in log order. */
export function foldAccount(
  registrationId: string,
  events: readonly [PlacedEvent, ...PlacedEvent[]],
): LogAccount {
  const outcomes: Since<RegistrationOutcome>[] = [];
  const people: Since<Person | undefined>[] = [];
  for (const placed of events) {
    const { position, fact } = placed;
    const outcome = toOutcome(registrationId, fact);
    if (outcome !== undefined) outcomes.push({ position, value: outcome });
    people.push({ position, value: toPerson(people.at(-1)?.value, placed) });
  }
  return {
    registrationId,
    first: events[0].position,
    last: events.at(-1)?.position ?? events[0].position,
    outcomes,
    people,
    isErased: events.some(({ fact }) => fact.name === 'erased'),
  };
}

/** What holds at a position. */
export function at<Value>(history: readonly Since<Value>[], position: number): Value | undefined {
  return history.findLast((since) => since.position <= position)?.value;
}

/** The person as others may read her: not while somebody else holds her address. */
export function readable(person: Person | undefined): UserView | undefined {
  return person?.standing === 'held' ? person.view : undefined;
}

function toOutcome(userId: string, fact: AccountFact): RegistrationOutcome | undefined {
  switch (fact.name) {
    case 'registered':
      return fact.data.standing === 'held'
        ? { result: 'registered', userId }
        : { result: 'pending' };
    case 'registration-refused':
      return { result: 'refused', reason: fact.data.reason };
    case 'email-verified':
      return { result: 'registered', userId };
    case 'superseded':
      return { result: 'superseded' };
    case 'verification-requested':
    case 'profile-updated':
    case 'email-change-requested':
    case 'email-changed':
    case 'deactivated':
    case 'reactivated':
    case 'erased':
      return undefined;
    default:
      return fact satisfies never;
  }
}

function toPerson(
  before: Person | undefined,
  { position, metadata, event }: PlacedEvent,
): Person | undefined {
  if (event?.name === 'registered') return register(event, metadata, position);
  if (event === undefined || before === undefined) return undefined;
  const change = (view: Partial<UserView>, owned: Partial<Person> = {}): Person => ({
    ...before,
    ...owned,
    view: { ...before.view, ...view, version: metadata.accountVersion },
  });
  switch (event.name) {
    case 'email-verified':
      return change({ emailVerified: true }, { standing: 'held', ownedAt: position });
    case 'profile-updated':
      return change({ ...event.personal, locale: event.data.locale });
    case 'email-changed': {
      const { email, claim } = event.personal;
      return change({ email, emailVerified: true }, { claim, ownedAt: position });
    }
    case 'deactivated':
      return change({ status: 'deactivated' });
    case 'reactivated':
      return change({ status: 'active' });
    case 'verification-requested':
    case 'email-change-requested':
      return change({});
    case 'registration-refused':
    case 'superseded':
    case 'erased':
      return undefined;
    default:
      return event satisfies never;
  }
}

function register(
  { data, personal }: Extract<AccountEvent, { name: 'registered' }>,
  { userId, time, accountVersion }: EventMetadata,
  position: number,
): Person {
  const { email, claim, displayName, profile } = personal;
  return {
    claim,
    standing: data.standing,
    ownedAt: data.standing === 'held' ? position : undefined,
    view: {
      userId,
      email,
      emailVerified: false,
      displayName,
      locale: data.locale,
      termsVersion: data.termsVersion,
      profile,
      status: 'active',
      registeredAt: time,
      version: accountVersion,
    },
  };
}
