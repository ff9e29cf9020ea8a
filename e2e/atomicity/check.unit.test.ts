import type { AccountEvent, ClaimRecord, DeletionRecord } from '@zameni/contracts';
import { parseUserId } from '@zameni/contracts';
import test from 'ava';
import { findTorn } from './check.ts';
import { type AtomicRecord, toCommits } from './log.ts';

const ADA = '00000000-0000-8000-8000-00000000000a';
const BOB = '00000000-0000-8000-8000-00000000000b';
const EVE = '00000000-0000-8000-8000-00000000000e';
const REQUEST = '00000000-0000-4000-8000-000000000001';
const NOW = '2026-01-01T00:00:00.000Z';
const EXPIRES = '2026-01-08T00:00:00.000Z';

type Unplaced = AtomicRecord extends infer One
  ? One extends AtomicRecord
    ? Omit<One, 'position'>
    : never
  : never;

function claim(k: string, record: ClaimRecord): Unplaced {
  return { kind: 'claim', k, record };
}

function held(k: string, userId: string, verified = false): Unplaced {
  return claim(k, { state: 'held', userId, verified });
}

type Releases = Extract<ClaimRecord, { state: 'released' }>['by'];
const released = (k: string, by: Releases = 'erasure') => claim(k, { state: 'released', by });
const key = (userId: string, version = 1): Unplaced => ({ kind: 'key', userId, version });
const wish: Unplaced = { kind: 'wish' };
const farewell = (userId: string): Unplaced => ({ kind: 'farewell', userId });

function open(id: string, k: string, time = NOW): Unplaced {
  const actor = { type: 'anonymous', id: 'anonymous' } as const;
  const about = { time, expiresAt: EXPIRES, actor, causationId: REQUEST };
  const record = {
    state: 'open',
    claim: k,
    locale: 'en',
    ...about,
    key: '2026-01-01',
    sealed: 's',
    retry: 's',
  } as const;
  return { kind: 'attempt', id, record };
}

/** The record with which the eraser replaces an attempt. */
function made(id: string, attempt: number): Unplaced {
  const sealed = { key: '2026-01-01', retry: 's' };
  return { kind: 'attempt', id, record: { state: 'void', attempt, expiresAt: EXPIRES, ...sealed } };
}

function closed(id: string, attempt: number, userId?: string): Unplaced {
  const how = userId === undefined ? { by: 'not-mine' as const } : { by: 'proof' as const, userId };
  return { kind: 'attempt', id, record: { state: 'closed', attempt, expiresAt: EXPIRES, ...how } };
}

function event(id: string, happened: AccountEvent, isOpen = true): Unplaced {
  const userId = parseUserId(id);
  if (userId === undefined) throw new Error('not an id');
  const metadata = {
    id: REQUEST,
    userId,
    time: NOW,
    causationId: REQUEST,
    actor: { type: 'system', id: 'test' },
    accountVersion: 1,
  } as const;
  const placed = { position: 0, metadata, fact: happened, event: isOpen ? happened : undefined };
  return { kind: 'event', userId, placed };
}

type Born = { readonly attempt?: number; readonly isOpen?: boolean };

function registered(id: string, k: string, { attempt, isOpen = true }: Born = {}) {
  const about = { locale: 'en', termsVersion: '2026-01', fingerprint: 'f' };
  const proven = attempt === undefined ? {} : { attempt };
  const data = { ...about, emailVerified: attempt !== undefined, ...proven };
  const personal = { email: `${k}@example.org`, claim: k, displayName: 'Somebody', profile: {} };
  return event(id, { name: 'registered', data, personal }, isOpen);
}

const erased = (id: string) => event(id, { name: 'erased', data: {}, personal: null });
const verified = (id: string) =>
  event(id, {
    name: 'email-verified',
    data: { request: REQUEST, locale: 'en' },
    personal: null,
  });
const updated = (id: string) =>
  event(id, { name: 'reactivated', data: { reasonCode: 'test' }, personal: null });

function disowned(id: string): Unplaced {
  const data = { reasonCode: 'address-disowned', address: 'released' } as const;
  return event(id, { name: 'deactivated', data, personal: null });
}

function deletion(changes: Partial<DeletionRecord>): Unplaced {
  const record = { claims: [], people: [], attempts: [], addresses: [], ...changes };
  return { kind: 'deletion', record };
}

const deletePerson = (k: string, id: string) =>
  deletion({ claims: [k], people: [id], addresses: [k] });
const deleteAttempt = (id: string, upTo: number) => deletion({ attempts: [{ id, upTo }] });

function changed(id: string, k: string): Unplaced {
  const personal = { email: `${k}@example.org`, claim: k };
  return event(id, { name: 'email-changed', data: { request: REQUEST }, personal });
}

/** Places records one after the other. `null` is a record that was deleted before it was seen. */
function place(unplaced: readonly (Unplaced | null)[]): AtomicRecord[] {
  return unplaced.flatMap((record, n): AtomicRecord[] => {
    const position = n + 1;
    if (record === null) return [];
    if (record.kind !== 'event') return [{ ...record, position }];
    return [{ ...record, position, placed: { ...record.placed, position } }];
  });
}

function details(...unplaced: (Unplaced | null)[]): string[] {
  const torn = findTorn(toCommits(place(unplaced), 0));
  return [...new Set(torn.map(({ detail }) => detail))];
}

const adaIsHere = [held('a', ADA), key(ADA), registered(ADA, 'a')];
/** An attempt at position 4, after Ada. */
const bobTries = open(BOB, 'a');

function bobIsProven(k: string, attempt: number): Unplaced[] {
  return [
    held(k, BOB, true),
    deleteAttempt(BOB, attempt),
    closed(BOB, attempt, BOB),
    key(BOB),
    registered(BOB, k, { attempt }),
  ];
}

test('finds nothing in registrations, proofs, changes, disownings, erasures and re-wraps', (t) => {
  t.deepEqual(
    details(
      ...adaIsHere,
      bobTries,
      wish,
      key(ADA, 2),
      // At 7: an attempt of Eve confirms Ada.
      open(EVE, 'a'),
      held('a', ADA, true),
      deleteAttempt(EVE, 7),
      closed(EVE, 7, ADA),
      verified(ADA),
      // Bob's attempt is disowned.
      deleteAttempt(BOB, 4),
      closed(BOB, 4),
      updated(ADA),
      held('b', ADA, true),
      released('a', 'email-change'),
      deletion({ claims: ['a'] }),
      changed(ADA, 'b'),
      released('b'),
      deletePerson('b', ADA),
      farewell(ADA),
      erased(ADA),
    ),
    [],
  );
});

test('finds nothing where an account is disowned, alone or by the prover of the mailbox', (t) => {
  const proof = bobIsProven('a', 4);
  t.deepEqual(details(...adaIsHere, bobTries, ...proof.toSpliced(-1, 0, disowned(ADA))), []);
  const alone = [released('a', 'disowning'), deletion({ claims: ['a'] }), disowned(ADA)];
  t.deepEqual(details(...adaIsHere, ...alone, deletion({ people: [ADA] }), erased(ADA)), []);
});

test('finds a claim and its key without their event', (t) => {
  t.deepEqual(details(held('a', ADA), key(ADA), held('b', BOB), key(BOB), registered(BOB, 'b')), [
    `held by ${ADA} who does not have it`,
    'a key without its event',
  ]);
});

test('finds an event without its key', (t) => {
  t.deepEqual(details(held('a', ADA), registered(ADA, 'a')), [
    `${ADA} has no key`,
    `no key of ${ADA} beside the registration`,
  ]);
});

test('finds an event without its claim', (t) => {
  t.deepEqual(details(key(ADA), registered(ADA, 'a')), [
    `${ADA} has an address without its claim`,
    `no claim of ${ADA} beside the registration`,
  ]);
});

test('finds a registration whose messages are not in one commit', (t) => {
  const late = [key(ADA), held('a', ADA), registered(ADA, 'a')];
  t.true(details(...late).includes(`no key of ${ADA} beside the registration`));
});

test('finds two holders of one address', (t) => {
  const faults = details(...adaIsHere, held('a', EVE), key(EVE), registered(EVE, 'a'));
  t.deepEqual(faults, [`${ADA} has it too`]);
});

test('finds an end without a deletion request, and a deletion request without an end', (t) => {
  t.deepEqual(details(...adaIsHere, released('a'), erased(ADA)), [
    'no deletion is requested for claim a',
    'no deletion is requested for address a',
    `no deletion is requested for person ${ADA}`,
  ]);
  const others = [held('b', BOB), key(BOB), registered(BOB, 'b')];
  t.deepEqual(details(...adaIsHere, held('b', BOB), deletePerson('a', ADA), ...others.slice(1)), [
    `claim a is to be deleted but not ended`,
    `person ${ADA} is to be deleted but not ended`,
    `address a is to be deleted but not ended`,
  ]);
});

test('finds an erasure that leaves the attempts on the address', (t) => {
  const rest = deletion({ claims: ['a'], people: [ADA] });
  t.deepEqual(details(...adaIsHere, released('a'), rest, erased(ADA)), [
    'no deletion is requested for address a',
  ]);
});

test('finds a claim that was released without its event', (t) => {
  const alone = [released('a'), deletion({ claims: ['a'], addresses: ['a'] })];
  t.deepEqual(details(...adaIsHere, ...alone, key(BOB), registered(BOB, 'b')).slice(0, 2), [
    `given up, and ${ADA} has it`,
    'given up by erasure without its event',
  ]);
});

test('finds an erasure that leaves the claim, so that the address would stay blocked', (t) => {
  t.deepEqual(details(...adaIsHere, deletion({ people: [ADA] }), erased(ADA)), [
    `${ADA} is in the claim a still`,
  ]);
});

test('finds an erasure whose farewell is missing, and a farewell that nobody may get', (t) => {
  const proven = [held('a', ADA, true), key(ADA), registered(ADA, 'a', { attempt: 1 })];
  const born = [open(ADA, 'a'), proven[0], deleteAttempt(ADA, 1), closed(ADA, 1, ADA)];
  const all = [...born, ...proven.slice(1)].flatMap((record) => record ?? []);
  const erasure = [released('a'), deletePerson('a', ADA)];
  t.deepEqual(details(...all, ...erasure, farewell(ADA), erased(ADA)), []);
  t.deepEqual(details(...all, ...erasure, erased(ADA)), [`no farewell to ${ADA}`]);
  t.deepEqual(details(...adaIsHere, ...erasure, farewell(ADA), erased(ADA)), [
    `a farewell to ${ADA}, who proved nothing`,
  ]);
  t.deepEqual(details(...adaIsHere, wish, farewell(ADA), updated(ADA)), [
    'a farewell without its erasure',
  ]);
});

test('finds a disowning that leaves the claim', (t) => {
  t.deepEqual(details(...adaIsHere, wish, disowned(ADA)), [
    `${ADA} is in the claim a still`,
    `${ADA} is disowned, and no claim is given up`,
  ]);
});

test('finds a proof that does not change the claim', (t) => {
  const faults = details(...adaIsHere, wish, verified(ADA));
  t.deepEqual(faults, ['proven in one place only', `no claim of ${ADA} beside email-verified`]);
});

test('finds a proof that leaves its attempt open', (t) => {
  const born = [held('b', BOB, true), key(BOB), registered(BOB, 'b', { attempt: 1 })];
  t.deepEqual(details(open(BOB, 'b'), ...born), [`the attempt of ${BOB} is not closed`]);
});

test('finds an attempt that a proof closed without its event', (t) => {
  const faults = details(open(BOB, 'b'), deleteAttempt(BOB, 1), closed(BOB, 1, BOB));
  t.deepEqual(faults, [`the attempt ${BOB} is closed by a proof without its event`]);
});

test('finds a closed attempt whose open record would stay in the log', (t) => {
  const faults = details(wish, open(BOB, 'b'), deleteAttempt(BOB, 1), closed(BOB, 2));
  t.deepEqual(faults, [`the open attempt ${BOB} would stay`]);
});

test('a void attempt may still be erased, with all of its records', (t) => {
  const left = made(BOB, 2);
  t.deepEqual(details(wish, open(BOB, 'b'), left, deleteAttempt(BOB, 3), closed(BOB, 2)), []);
  t.deepEqual(details(wish, open(BOB, 'b'), made(BOB, 9)), [
    `another attempt than ${BOB} at 9 is open`,
  ]);
});

test('an expired attempt is replaced and deleted', (t) => {
  const later = open(BOB, 'b', '2026-02-01T00:00:00.000Z');
  t.deepEqual(details(open(BOB, 'b'), deleteAttempt(BOB, 1), later), []);
});

test('finds an attempt that is closed twice, or opened twice', (t) => {
  const end = [deleteAttempt(BOB, 1), closed(BOB, 1)];
  t.deepEqual(details(open(BOB, 'b'), ...end, ...end), [`the attempt ${BOB} is closed again`]);
  t.deepEqual(details(open(BOB, 'b'), open(BOB, 'b')), [`the attempt ${BOB} is open already at 1`]);
});

test('an attempt on an erased address is gone: the same key may open another', (t) => {
  const erasure = [released('a'), deletePerson('a', ADA), erased(ADA)];
  t.deepEqual(details(...adaIsHere, bobTries, ...erasure, open(BOB, 'a')), []);
});

test('finds a change of address that keeps the old one', (t) => {
  const faults = details(...adaIsHere, held('b', ADA, true), changed(ADA, 'b'));
  t.deepEqual(faults, [`${ADA} is in the claim a still`]);
});

test('accounts of commits that were deleted unseen are left out, others are checked', (t) => {
  // The release and the key of Ada are gone with them. Eve's registration is seen and torn.
  const blind = registered(ADA, 'a', { isOpen: false });
  const gone = [held('a', ADA), null, blind, null, null, erased(ADA)];
  const next = [held('a', BOB), key(BOB), registered(BOB, 'a')];
  t.deepEqual(details(...gone, ...next), []);
  t.deepEqual(details(...gone, ...next, wish, key(EVE), registered(EVE, 'e')), [
    `${EVE} has an address without its claim`,
    `no claim of ${EVE} beside the registration`,
  ]);
});
