import type { AccountEvent, AttemptRecord } from '@zameni/contracts';
import fc, { type Arbitrary } from 'fast-check';
import {
  claimOf,
  emailChanged,
  happenings,
  projected,
  registration,
  userIdOf,
} from '../accounts.fixture.ts';
import { attempted, closedAttempt, openAttempt, voidedAttempt } from '../attempts.fixture.ts';
import type { ProjectedRecord } from './record.ts';

const PEOPLE = 6;
const ADDRESSES = 3;

type Step = { readonly who: number; readonly what: number; readonly address: number };
type Person = {
  readonly who: number;
  status: 'absent' | 'attempting' | 'active' | 'ended';
  /** The position of the attempt. */
  attempt: number;
  /** Whether the attempt is void, or will be: its address was erased. */
  isVoid: 'no' | 'soon' | 'yes';
  verified: boolean;
  claim: string;
  version: number;
};

/** Histories of people who compete for few addresses, as the log may hold them. */
export const histories: Arbitrary<ProjectedRecord[]> = fc
  .array(
    fc.record({
      who: fc.nat(PEOPLE - 1),
      what: fc.nat(9),
      address: fc.nat(ADDRESSES - 1),
    }),
    { minLength: 1, maxLength: 40, size: 'large' },
  )
  .map(toHistory);

/** A history, cut into batches. */
export const cutHistories: Arbitrary<readonly (readonly ProjectedRecord[])[]> = histories.chain(
  (history) =>
    fc.array(fc.boolean(), { minLength: history.length, maxLength: history.length }).map((cuts) =>
      history.reduce<ProjectedRecord[][]>((batches, record, index) => {
        const last = batches.at(-1);
        if (last === undefined || cuts[index] === true) return [...batches, [record]];
        last.push(record);
        return batches;
      }, []),
    ),
);

function toHistory(steps: readonly Step[]): ProjectedRecord[] {
  const history: ProjectedRecord[] = [];
  const owners = new Map<string, Person>();
  const people = Array.from(
    { length: PEOPLE },
    (_, who): Person => ({
      who,
      status: 'absent',
      attempt: 0,
      isVoid: 'no',
      verified: false,
      claim: '',
      version: 0,
    }),
  );
  const next = () => 3 * history.length + 3;

  function emit(person: Person, event: AccountEvent): void {
    person.version += 1;
    const place = { position: next(), version: person.version };
    history.push({ kind: 'event', event: projected(person.who, event, place) });
  }

  function emitAttempt(person: Person, record: AttemptRecord): void {
    history.push(attempted(person.who, next(), record));
  }

  function giveUp(person: Person): void {
    if (owners.get(person.claim) === person) owners.delete(person.claim);
  }

  function open(person: Person, address: number): void {
    person.claim = claimOf(800 + address);
    person.attempt = next();
    person.status = 'attempting';
    person.isVoid = 'no';
    emitAttempt(person, openAttempt(person.claim));
  }

  function register(person: Person, emailVerified: boolean): void {
    const { claim } = person;
    person.verified = emailVerified;
    person.status = 'active';
    owners.set(claim, person);
    emit(person, registration(person.who, { claim, emailVerified }));
  }

  function begin(person: Person, { what, address }: Step): void {
    const claim = claimOf(800 + address);
    if (what > 2 || owners.has(claim)) return open(person, address);
    person.claim = claim;
    register(person, what === 0);
  }

  function prove(person: Person, isMine: boolean): void {
    const holder = owners.get(person.claim);
    if (holder?.verified) return;
    const account = holder !== undefined && isMine ? holder : person;
    emitAttempt(person, closedAttempt(person.attempt, { provenTo: userIdOf(account.who) }));
    if (account !== person) {
      account.verified = true;
      person.status = 'ended';
      return emit(account, happenings.verified);
    }
    if (holder !== undefined) {
      emit(holder, happenings.disowned);
      giveUp(holder);
    }
    register(person, true);
  }

  function goOn(person: Person, { what, address }: Step): void {
    if (what > 6) open(person, address);
    else if (what === 4) end(person, 'erasure');
    else if (person.isVoid !== 'no') makeVoid(person);
    else if (what < 4) prove(person, what % 2 === 0);
    else end(person, 'not-mine');
  }

  function end(person: Person, by: 'erasure' | 'not-mine'): void {
    emitAttempt(person, closedAttempt(person.attempt, by));
    person.status = 'absent';
  }

  /** The eraser runs, sooner or later. */
  function makeVoid(person: Person): void {
    if (person.isVoid === 'soon') emitAttempt(person, voidedAttempt(person.attempt));
    person.isVoid = 'yes';
  }

  function erase(person: Person): void {
    if (owners.get(person.claim) === person) {
      for (const other of people) {
        const isOnIt = other.status === 'attempting' && other.claim === person.claim;
        if (isOnIt && other.isVoid === 'no') other.isVoid = 'soon';
      }
    }
    giveUp(person);
    emit(person, happenings.erased);
    person.status = 'ended';
  }

  function change(person: Person, { what, address }: Step): void {
    const claim = claimOf(800 + address);
    if (what === 0) {
      person.verified = true;
      emit(person, happenings.verified);
    } else if (what === 1 && !person.verified) {
      emit(person, happenings.disowned);
      giveUp(person);
    } else if (what === 2 || what === 3) erase(person);
    else if (what === 4 && !owners.has(claim)) {
      giveUp(person);
      Object.assign(person, { claim, verified: true });
      owners.set(claim, person);
      emit(person, emailChanged(claim));
    } else if (what === 5) emit(person, happenings.deactivated);
    else if (what === 6) emit(person, happenings.reactivated);
    else if (what === 7) emit(person, happenings.changeRequested);
    else if (what === 8) emit(person, happenings.changeCancelled);
    else emit(person, happenings.updated);
  }

  for (const step of steps) {
    const person = people[step.who];
    if (person === undefined) continue;
    switch (person.status) {
      case 'absent':
        begin(person, step);
        break;
      case 'attempting':
        goOn(person, step);
        break;
      case 'active':
        change(person, step);
        break;
      case 'ended':
        break;
      default:
        person.status satisfies never;
    }
  }
  return history;
}
