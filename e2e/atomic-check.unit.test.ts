import type { AccountEvent, ClaimRecord } from '@zameni/contracts';
import { parseUserId } from '@zameni/contracts';
import test from 'ava';
import { findTorn } from './atomic-check.ts';
import { type AtomicRecord, toCommits } from './atomic-log.ts';

const ADA = '00000000-0000-8000-8000-00000000000a';
const BOB = '00000000-0000-8000-8000-00000000000b';
const EVE = '00000000-0000-8000-8000-00000000000e';
const ATTEMPT = '00000000-0000-4000-8000-000000000001';

type Unplaced = AtomicRecord extends infer One
  ? One extends AtomicRecord
    ? Omit<One, 'position'>
    : never
  : never;

function claim(k: string, record: ClaimRecord): Unplaced {
  return { kind: 'claim', k, record };
}

function held(k: string, userId: string, contenders: string[] = [], verified = false): Unplaced {
  return claim(k, { state: 'held', userId, verified, contenders });
}

const released = (k: string) => claim(k, { state: 'released' });
const key = (userId: string, version = 1): Unplaced => ({ kind: 'key', userId, version });

function event(id: string, happened: AccountEvent, isOpen = true): Unplaced {
  const userId = parseUserId(id);
  if (userId === undefined) throw new Error('not an id');
  const metadata = {
    id: ATTEMPT,
    userId,
    time: '2026-01-01T00:00:00.000Z',
    causationId: ATTEMPT,
    actor: { type: 'system', id: 'test' },
    accountVersion: 1,
  } as const;
  const placed = { position: 0, metadata, fact: happened, event: isOpen ? happened : undefined };
  return { kind: 'event', userId, placed };
}

function registered(id: string, k: string, standing: 'held' | 'contested' = 'held', isOpen = true) {
  const data = { locale: 'en', termsVersion: '2026-01', fingerprint: 'f', standing } as const;
  const personal = { email: `${k}@example.org`, claim: k, displayName: 'Somebody', profile: {} };
  return event(id, { name: 'registered', data, personal }, isOpen);
}

const erased = (id: string) => event(id, { name: 'erased', data: {}, personal: null });
const verified = (id: string) =>
  event(id, { name: 'email-verified', data: { attempt: ATTEMPT }, personal: null });
const superseded = (id: string) =>
  event(id, { name: 'superseded', data: { by: 'proof' }, personal: null });

function forget(claims: string[], erasedId?: string, supersededId?: string): Unplaced {
  const people = [
    ...(erasedId === undefined ? [] : [{ userId: erasedId, why: 'erased' as const }]),
    ...(supersededId === undefined ? [] : [{ userId: supersededId, why: 'superseded' as const }]),
  ];
  return { kind: 'forget', record: { claims, people } };
}

function changed(id: string, k: string): Unplaced {
  const personal = { email: `${k}@example.org`, claim: k };
  return event(id, { name: 'email-changed', data: { attempt: ATTEMPT }, personal });
}

/** Places records one behind the other; `null` is one that was deleted before anybody has seen it. */
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
const bobWaits = [held('a', ADA, [BOB]), key(BOB), registered(BOB, 'a', 'contested')];

test('finds nothing where people come, prove, move, lose and go, and keys are wrapped anew', (t) => {
  t.deepEqual(
    details(
      ...adaIsHere,
      key(ADA, 2),
      ...bobWaits,
      held('a', BOB, [], true),
      forget([], undefined, ADA),
      verified(BOB),
      superseded(ADA),
      held('b', BOB, [], true),
      released('a'),
      forget(['a']),
      changed(BOB, 'b'),
      held('a', EVE),
      forget([]),
      key(EVE),
      registered(EVE, 'a'),
      released('b'),
      forget(['b'], BOB),
      erased(BOB),
      released('a'),
      forget(['a'], EVE),
      erased(EVE),
      forget([], ADA),
      erased(ADA),
    ),
    [],
  );
});

test('a claim and its key without their event are found', (t) => {
  t.deepEqual(details(held('a', ADA), key(ADA), held('b', BOB), key(BOB), registered(BOB, 'b')), [
    `held by ${ADA} who does not have it`,
    'a key without its event',
  ]);
});

test('an event without its key is found', (t) => {
  t.deepEqual(details(held('a', ADA), registered(ADA, 'a')), [
    `${ADA} has no key`,
    'no key right before it',
    'no claim of hers right before its key',
  ]);
});

test('an event without its claim is found', (t) => {
  t.deepEqual(details(key(ADA), registered(ADA, 'a')), [
    `${ADA} has an address without its claim`,
    'no claim of hers right before its key',
  ]);
});

test('a registration whose messages do not lie side by side is found', (t) => {
  const late = [key(ADA), held('a', ADA), registered(ADA, 'a')];
  t.true(details(...late).includes('no key right before it'));
});

test('two holders of one address are found', (t) => {
  const faults = details(...adaIsHere, held('a', EVE), key(EVE), registered(EVE, 'a'));
  t.deepEqual(faults, [`${ADA} has it too`]);
});

test('an end that nothing asks to forget is found, and an asking without an end', (t) => {
  t.deepEqual(details(...adaIsHere, released('a'), erased(ADA)), [
    'nothing asks to forget a',
    `nothing asks to forget ${ADA}`,
  ]);
  t.deepEqual(details(...adaIsHere, forget(['a'], ADA), ...bobWaits), [
    'a is to be forgotten, and is not given up',
    `${ADA} is to be forgotten, and is not given up`,
  ]);
});

test('a claim that was given up without the erasure is found', (t) => {
  t.deepEqual(
    details(...adaIsHere, released('a'), forget(['a']), key(BOB), registered(BOB, 'b')).slice(0, 1),
    [`given up, and ${ADA} has it`],
  );
});

test('an erasure that leaves the claim behind is found: the address would stay blocked', (t) => {
  t.deepEqual(details(...adaIsHere, forget([], ADA), erased(ADA)), [
    `${ADA} is in the claim a still`,
  ]);
});

test('a proof that leaves the claim as it was is found', (t) => {
  const later = [held('b', BOB), key(BOB), registered(BOB, 'b')];
  t.deepEqual(details(...adaIsHere, ...later, verified(BOB)), ['proven in one place only']);
});

test('a proof that leaves who has lost as it was is found', (t) => {
  const proof = [held('a', BOB, [], true), verified(BOB)];
  t.deepEqual(details(...adaIsHere, ...bobWaits, ...proof), [`${ADA} has it too`]);
});

test('a change of address that keeps the old one is found', (t) => {
  const faults = details(...adaIsHere, held('b', ADA, [], true), changed(ADA, 'b'));
  t.deepEqual(faults, [`${ADA} is in the claim a still`]);
});

test('who waits in the claim only is found', (t) => {
  const faults = details(...adaIsHere, held('a', ADA, [BOB]), forget([], BOB), erased(BOB));
  t.deepEqual(faults, [`${BOB} waits for it in the claim only`]);
});

test('what was deleted unseen is doubted, and nothing beside it', (t) => {
  // The release and the key of Ada are gone with her; Eve's registration is seen and torn.
  const gone = [held('a', ADA), null, registered(ADA, 'a', 'held', false), null, null, erased(ADA)];
  const next = [held('a', BOB), key(BOB), registered(BOB, 'a')];
  t.deepEqual(details(...gone, ...next), []);
  t.deepEqual(details(...gone, ...next, key(EVE), registered(EVE, 'e')), [
    `${EVE} has an address without its claim`,
    'no claim of hers right before its key',
  ]);
});
