import type { AccountEvent, RegistrationOutcome } from '@zameni/contracts';
import fc, { type Arbitrary } from 'fast-check';
import {
  claimOf,
  emailChanged,
  forgotten,
  happenings,
  projected,
  refused,
  registration,
} from './accounts.fixture.ts';
import type { ProjectedEvent } from './projected-event.ts';
import type { UserRow } from './users-projection.ts';

const PEOPLE = 5;
const ADDRESSES = 3;

type Step = { readonly who: number; readonly what: number; readonly address: number };
type Person = {
  status: 'absent' | 'pending' | 'active' | 'gone' | 'ended';
  verified: boolean;
  claim: string;
  version: number;
};

/** Histories of some people who compete for few addresses, as the log may hold them. */
export const histories: Arbitrary<ProjectedEvent[]> = fc
  .array(
    fc.record({
      who: fc.nat(PEOPLE - 1),
      what: fc.nat(8),
      address: fc.nat(ADDRESSES - 1),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map(toHistory);

/** A history, and the places where it is cut into batches. */
export const cutHistories: Arbitrary<readonly (readonly ProjectedEvent[])[]> = histories.chain(
  (history) =>
    fc.array(fc.boolean(), { minLength: history.length, maxLength: history.length }).map((cuts) =>
      history.reduce<ProjectedEvent[][]>((batches, event, index) => {
        const last = batches.at(-1);
        if (last === undefined || cuts[index] === true) return [...batches, [event]];
        last.push(event);
        return batches;
      }, []),
    ),
);

function toHistory(steps: readonly Step[]): ProjectedEvent[] {
  const history: ProjectedEvent[] = [];
  const owners = new Map<string, number>();
  const people = Array.from(
    { length: PEOPLE },
    (): Person => ({ status: 'absent', verified: false, claim: '', version: 0 }),
  );

  function emit(who: number, person: Person, event: AccountEvent): void {
    person.version += 1;
    const position = 3 * history.length + 3;
    history.push(projected(who, event, { position, version: person.version }));
  }

  /** Takes an address over; who had it is superseded in the same commit, as in the log. */
  function take(who: number, person: Person, claim: string, event: AccountEvent): void {
    emit(who, person, event);
    const rival = owners.get(claim);
    giveUp(who);
    owners.set(claim, who);
    person.claim = claim;
    const loser = rival === undefined || rival === who ? undefined : people[rival];
    if (rival === undefined || loser === undefined) return;
    emit(rival, loser, happenings.superseded);
    loser.status = 'gone';
  }

  function giveUp(who: number): void {
    for (const [claim, owner] of owners) if (owner === who) owners.delete(claim);
  }

  function register(who: number, person: Person, { what, address }: Step): void {
    const claim = claimOf(800 + address);
    person.status = 'active';
    if (what === 0) {
      history.push(refused(who, 3 * history.length + 3));
      person.status = 'ended';
    } else if (what < 5 && owners.has(claim)) {
      emit(who, person, registration(who, 'contested', claim));
      person.claim = claim;
      person.status = 'pending';
    } else take(who, person, claim, registration(who, 'held', claim));
  }

  function end(who: number, person: Person, event: AccountEvent): void {
    emit(who, person, event);
    giveUp(who);
    person.status = event.name === 'erased' ? 'ended' : 'gone';
  }

  function change(who: number, person: Person, { what, address }: Step): void {
    const mayDo = person.status === 'active';
    if (what === 0 && !person.verified) {
      person.status = 'active';
      person.verified = true;
      take(who, person, person.claim, happenings.verified);
    } else if (what === 1) emit(who, person, happenings.verificationRequested);
    else if (what === 2) end(who, person, happenings.superseded);
    else if (what === 3) end(who, person, happenings.erased);
    else if (what === 4 && mayDo) {
      const claim = claimOf(800 + address);
      person.verified = true;
      take(who, person, claim, emailChanged(claim));
    } else if (what === 5 && mayDo) emit(who, person, happenings.deactivated);
    else if (what === 6 && mayDo) emit(who, person, happenings.reactivated);
    else if (what === 7 && mayDo) emit(who, person, happenings.changeRequested);
    else if (mayDo) emit(who, person, happenings.updated);
  }

  for (const step of steps) {
    const person = people[step.who];
    if (person === undefined || person.status === 'ended') continue;
    if (person.status === 'absent') register(step.who, person, step);
    else if (person.status !== 'gone') change(step.who, person, step);
    else if (step.what === 3) end(step.who, person, happenings.erased);
  }
  return history;
}

/** The same history as read after the keys of the erased are gone. */
export function withoutErasedKeys(history: readonly ProjectedEvent[]): ProjectedEvent[] {
  const erased = new Set(
    history.flatMap(({ event, metadata }) => (event.name === 'erased' ? [metadata.userId] : [])),
  );
  return history.map((entry) => {
    const { metadata, position, personal, event } = entry;
    if (personal === 'erased' || event.personal === null || !erased.has(metadata.userId)) {
      return entry;
    }
    return forgotten(Number(metadata.userId.slice(-12)), event, {
      position,
      version: metadata.accountVersion,
    });
  });
}

/** What the read model holds after a history. */
export type Rows = {
  readonly users: Map<string, UserRow>;
  readonly owners: Map<string, { userId: string; position: number }>;
  readonly registrations: Map<string, { outcome: RegistrationOutcome; position: number }>;
  readonly erasures: Map<string, number>;
};

/** Rows in a form whose order does not count. */
export function toPlainRows(rows: Partial<Rows>): Record<string, unknown> {
  const tables = Object.entries(rows);
  return Object.fromEntries(tables.map(([name, table]) => [name, Object.fromEntries(table)]));
}

/** The rows after a history, told event by event in the plainest way there is. */
export function expectRows(history: readonly ProjectedEvent[]): Rows {
  const rows: Rows = {
    users: new Map(),
    owners: new Map(),
    registrations: new Map(),
    erasures: new Map(),
  };
  const { users, owners, registrations, erasures } = rows;
  for (const entry of history) {
    if (entry.personal === 'erased') continue;
    const { event, position, metadata } = entry;
    const { userId, accountVersion: version } = metadata;
    const giveUp = () => {
      for (const [k, owner] of owners) if (owner.userId === userId) owners.delete(k);
    };
    const own = (k: string) => {
      giveUp();
      owners.set(k, { userId, position });
    };
    const conclude = (outcome: RegistrationOutcome) =>
      registrations.set(userId, { outcome, position });
    const row = users.get(userId);
    const set = (view: Partial<UserRow['view']>, fields: Partial<UserRow> = {}) => {
      if (row === undefined) return;
      users.set(userId, { ...row, ...fields, view: { ...row.view, ...view, version }, position });
    };
    switch (event.name) {
      case 'registered': {
        const { email, claim, displayName, profile } = event.personal;
        const { locale, termsVersion, standing } = event.data;
        const view = {
          userId,
          email,
          emailVerified: false,
          displayName,
          locale,
          termsVersion,
          profile,
          status: 'active' as const,
          registeredAt: metadata.time,
          version,
        };
        users.set(userId, { view, standing, claim, position });
        if (standing === 'held') own(claim);
        conclude(standing === 'held' ? { result: 'registered', userId } : { result: 'pending' });
        break;
      }
      case 'registration-refused':
        conclude({ result: 'refused', reason: event.data.reason });
        break;
      case 'email-verified':
        set({ emailVerified: true }, { standing: 'held' });
        if (row?.claim) own(row.claim);
        conclude({ result: 'registered', userId });
        break;
      case 'email-changed':
        set({ email: event.personal.email, emailVerified: true }, { claim: event.personal.claim });
        own(event.personal.claim);
        break;
      case 'profile-updated':
        set({ ...event.personal, locale: event.data.locale });
        break;
      case 'deactivated':
        set({ status: 'deactivated' });
        break;
      case 'reactivated':
        set({ status: 'active' });
        break;
      case 'superseded':
        conclude({ result: 'superseded' });
        users.delete(userId);
        giveUp();
        break;
      case 'erased':
        erasures.set(userId, position);
        users.delete(userId);
        giveUp();
        break;
      case 'verification-requested':
      case 'email-change-requested':
        set({});
        break;
      default:
        event satisfies never;
    }
  }
  return rows;
}
