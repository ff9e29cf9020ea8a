import {
  type AccountEvent,
  type AccountFact,
  factOf,
  openEvent,
  type StoredEvent,
} from '@zameni/contracts';
import { type DataKey, openPersonal } from '@zameni/runtime';

/** An address, and its keyed digest. */
export type Address = { readonly email: string; readonly claim: string };

/** What the mailer has to know of an account. */
export type MailAccount = {
  readonly status: 'active' | 'deactivated' | 'erased';
  readonly holdsAddress: boolean;
  /** Whether the mailbox of the held address is proven. */
  readonly isProven: boolean;
  readonly locale: string;
  /** The id of the event that registered the account. */
  readonly registration: string;
  /** Whether it was registered with a proven mailbox: from an attempt, or by a caller's word. */
  readonly isProvenFromStart: boolean;
  readonly registeredAt: string;
  /** The pending change of the address. */
  readonly change: { readonly id: string; readonly requestedAt: string } | undefined;
  /** The changes of the address that the former mailbox may take back, the oldest first. */
  readonly made: readonly MadeChange[];
};

/** A change of the address that was made: its event, and the request for it. */
export type MadeChange = {
  readonly id: string;
  readonly request: string;
  readonly madeAt: string;
  readonly undoUntil: string;
};

/** The personal data of an account that mails need. */
export type MailPerson = {
  readonly displayName: string;
  readonly held: Address;
  /** The wanted address of each request to change it, by the id of the event. */
  readonly wanted: ReadonlyMap<string, Address>;
  /** The address that each change left, by the id of the event that requested it. */
  readonly left: ReadonlyMap<string, Address>;
};

/** Folds the events of an account, oldest first. Undefined if there are none. */
export function toMailAccount(events: readonly StoredEvent[]): MailAccount | undefined {
  return events.reduce<MailAccount | undefined>(
    (account, event) => evolve(account, factOf(event), event),
    undefined,
  );
}

function evolve(
  account: MailAccount | undefined,
  fact: AccountFact,
  { metadata: { id, time } }: StoredEvent,
): MailAccount | undefined {
  if (fact.name === 'registered') {
    return {
      status: 'active',
      holdsAddress: true,
      isProven: fact.data.emailVerified,
      locale: fact.data.locale,
      registration: id,
      isProvenFromStart: fact.data.emailVerified,
      registeredAt: time,
      change: undefined,
      made: [],
    };
  }
  if (account === undefined) return undefined;
  switch (fact.name) {
    case 'email-verified':
      return { ...account, isProven: true };
    case 'profile-updated':
      return { ...account, locale: fact.data.locale };
    case 'email-change-requested':
      return { ...account, change: { id, requestedAt: time } };
    case 'email-change-cancelled':
      return { ...account, change: undefined };
    case 'email-changed':
      return {
        ...account,
        isProven: true,
        holdsAddress: true,
        change: undefined,
        made: withMade(account.made, fact.data, { id, madeAt: time }),
      };
    case 'deactivated': {
      const holdsAddress = account.holdsAddress && fact.data.address === undefined;
      return { ...account, status: 'deactivated', holdsAddress };
    }
    case 'reactivated':
      return { ...account, status: 'active' };
    case 'erased':
      return { ...account, status: 'erased', change: undefined };
    default:
      return fact satisfies never;
  }
}

/** A change that is taken back takes those after it with it. */
function withMade(
  made: readonly MadeChange[],
  { request, undo, undoUntil }: Extract<AccountFact, { name: 'email-changed' }>['data'],
  event: Pick<MadeChange, 'id' | 'madeAt'>,
): readonly MadeChange[] {
  if (undo === true) {
    const at = made.findIndex((change) => change.request === request);
    return at === -1 ? made : made.slice(0, at);
  }
  return undoUntil === undefined ? made : [...made, { ...event, request, undoUntil }];
}

/** Opens the personal data of an account's events. Throws if the key does not open one. */
export function toMailPerson(events: readonly StoredEvent[], key: DataKey): MailPerson | undefined {
  let person: MailPerson | undefined;
  const wanted = new Map<string, Address>();
  const left = new Map<string, Address>();
  for (const stored of events) {
    const { metadata, type, personal } = stored;
    const binding = { eventId: metadata.id, type, userId: metadata.userId };
    const event: AccountEvent = openEvent(
      stored,
      personal === null ? null : openPersonal(key, binding, personal),
    );
    if (event.name === 'registered') {
      const { email, claim, displayName } = event.personal;
      person = { displayName, held: { email, claim }, wanted, left };
    }
    if (event.name === 'email-change-requested') wanted.set(metadata.id, event.personal);
    if (person === undefined) continue;
    if (event.name === 'profile-updated') {
      person = { ...person, displayName: event.personal.displayName };
    }
    if (event.name === 'email-changed') {
      if (event.data.undo !== true) left.set(event.data.request, person.held);
      person = { ...person, held: event.personal };
    }
  }
  return person;
}
