import type { AccountEvent, AccountFact, EventMetadata, UserView } from '@zameni/contracts';

/** An event at its place in the log; `event` is undefined when its personal data cannot be opened. */
export type PlacedEvent = {
  readonly position: number;
  readonly metadata: EventMetadata;
  readonly fact: AccountFact;
  readonly event: AccountEvent | undefined;
};

/** What holds from a position on until the next. */
export type Since<Value> = { readonly position: number; readonly value: Value };

/** A person as the events make them. */
export type Person = {
  readonly view: UserView;
  /** The digest of their address, also once it was disowned. */
  readonly claim: string;
  /** The position at which the address became theirs; undefined once it was disowned. */
  readonly ownedAt: number | undefined;
};

/** One account, folded from its events for the checks alone: no code of the services takes part. */
export type LogAccount = {
  readonly id: string;
  /** The positions of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** The position of the attempt it came of; undefined where it was vouched for. */
  readonly attempt: number | undefined;
  /** The person since when; undefined when there is none any more. */
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

/** What holds at a position. */
export function at<Value>(history: readonly Since<Value>[], position: number): Value | undefined {
  return history.findLast((since) => since.position <= position)?.value;
}

/** Whether a person holds the address that a claim is of. */
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
