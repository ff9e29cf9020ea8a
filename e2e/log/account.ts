import type { AccountEvent, AccountFact, EventMetadata, UserView } from '@zameni/contracts';

/** An event with its position. `event` is undefined if its personal data cannot be opened. */
export type PlacedEvent = {
  readonly position: number;
  readonly metadata: EventMetadata;
  readonly fact: AccountFact;
  readonly event: AccountEvent | undefined;
};

/** A value that holds from a position until the next. */
export type Since<Value> = { readonly position: number; readonly value: Value };

/** A person, folded from events. */
export type Person = {
  readonly view: UserView;
  /** The digest of their address, also after it was disowned. */
  readonly claim: string;
  /** Position at which the address became theirs. Undefined after it was disowned. */
  readonly ownedAt: number | undefined;
};

/** One account, folded from its events by code for tests only, independent of the services. */
export type LogAccount = {
  readonly id: string;
  /** Positions of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** Position of its attempt. Undefined for a vouched registration. */
  readonly attempt: number | undefined;
  /** The person over time. Undefined after the erasure. */
  readonly people: readonly Since<Person | undefined>[];
  readonly isErased: boolean;
};

/** Folds the events of one account, which are in log order. */
export function foldAccount(
  id: string,
  events: readonly [PlacedEvent, ...PlacedEvent[]],
): LogAccount {
  const [{ position: first, fact }] = events;
  const people: Since<Person | undefined>[] = [];
  for (const placed of events) {
    people.push({ position: placed.position, value: toPerson(people.at(-1)?.value, placed) });
  }
  return {
    id,
    first,
    last: events.at(-1)?.position ?? first,
    attempt: fact.name === 'registered' ? fact.data.attempt : undefined,
    people,
    isErased: events.some((placed) => placed.fact.name === 'erased'),
  };
}

/** Returns the value that holds at a position. */
export function at<Value>(history: readonly Since<Value>[], position: number): Value | undefined {
  return history.findLast((since) => since.position <= position)?.value;
}

/** Whether a person holds the address of a claim. */
export function isHeldBy(person: Person | undefined, claim: string): boolean {
  return person?.ownedAt !== undefined && person.claim === claim;
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
      return change({ emailVerified: true });
    case 'profile-updated':
      return change({ ...event.personal, locale: event.data.locale });
    case 'email-changed': {
      const { email, claim } = event.personal;
      return change({ email, emailVerified: true }, { claim, ownedAt: position });
    }
    case 'deactivated': {
      const isDisowned = event.data.address === 'released';
      return change({ status: 'deactivated' }, isDisowned ? { ownedAt: undefined } : {});
    }
    case 'reactivated':
      return change({ status: 'active' });
    case 'email-change-requested':
    case 'email-change-cancelled':
      return change({});
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
    ownedAt: position,
    view: {
      userId,
      email,
      emailVerified: data.emailVerified,
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
