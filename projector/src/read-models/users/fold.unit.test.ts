import type { AccountEvent } from '@zameni/contracts';
import test from 'ava';
import {
  claimOf,
  emailChanged,
  happenings,
  personalOf,
  projected,
  registered,
  registration,
  userIdOf,
  withoutKey,
} from '../../accounts.fixture.ts';
import { evolveUser, toBegunRow, type UserChange, type UserPatch } from './fold.ts';
import { UserRow } from './rows.ts';

const userId = userIdOf(1);
const kept = { ownedAt: null, releasedAt: null, baseVersion: 0 };

/** The change of a person by events of one batch at positions 42, 43, … */
function after(...events: readonly AccountEvent[]): UserChange | undefined {
  return events.reduce<UserChange | undefined>(
    (change, event, index) =>
      evolveUser(change, projected(1, event, { position: 42 + index, version: index + 1 })),
    undefined,
  );
}

test('given registered, then the row has every field of the event', (t) => {
  t.deepEqual(evolveUser(undefined, registered(1, 42)), {
    userId,
    email: 'Person.1@example.org',
    claim: claimOf(1),
    emailVerified: false,
    displayName: personalOf(1).displayName,
    locale: 'sr-Cyrl-RS',
    termsVersion: '2026-01',
    profile: personalOf(1).profile,
    status: 'active',
    registeredAt: '2026-03-04T05:06:07.089Z',
    ownedAt: 42,
    releasedAt: null,
    version: 1,
    position: 42,
    baseVersion: 0,
  });
});

test('given a mailbox that was proven before, then it is verified from the start', (t) => {
  t.like(after(registration(1, { emailVerified: true })), { emailVerified: true, ownedAt: 42 });
});

test('given disowned, then the person is deactivated and releases the address', (t) => {
  t.like(after(registration(1), happenings.disowned), {
    status: 'deactivated',
    ownedAt: null,
    releasedAt: 43,
    claim: claimOf(1),
  });
});

test('given another address after that, then the person owns it', (t) => {
  t.like(after(happenings.disowned, happenings.reactivated, emailChanged(claimOf(2))), {
    ownedAt: 44,
    releasedAt: null,
  });
});

const changes = test.macro<[AccountEvent, Partial<UserPatch>]>({
  title: (what, event) => `given ${what ?? event.name} alone, then everything else is kept`,
  exec: (t, event, fields) => {
    t.deepEqual(after(event), { ...kept, ...fields, userId, version: 1, position: 42 });
  },
});

test(changes, happenings.verified, { emailVerified: true });
test(changes, happenings.updated, {
  displayName: 'Љиља',
  profile: { plan: 'other' },
  locale: 'de',
});
test(changes, emailChanged(claimOf(2)), {
  email: 'new@example.net',
  claim: claimOf(2),
  emailVerified: true,
  ownedAt: 42,
});
test(changes, happenings.deactivated, { status: 'deactivated' });
test(changes, happenings.reactivated, { status: 'active' });
test(changes, happenings.changeRequested, {});
test(changes, happenings.changeCancelled, {});
test('disowned', changes, happenings.disowned, { status: 'deactivated', releasedAt: 42 });

test('given several changes, then the newest of each field counts', (t) => {
  t.deepEqual(after(happenings.deactivated, happenings.updated, happenings.reactivated), {
    ...kept,
    displayName: 'Љиља',
    profile: { plan: 'other' },
    locale: 'de',
    status: 'active',
    userId,
    version: 3,
    position: 44,
  });
});

test('given events with a gap, then the row must have what is missing', (t) => {
  const at = (version: number) => projected(1, happenings.verified, { position: version, version });
  const baseOf = (...versions: readonly number[]) =>
    versions.map(at).reduce<UserChange | undefined>(evolveUser, undefined);
  t.like(baseOf(4), { baseVersion: 3, version: 4 });
  t.like(baseOf(4, 5), { baseVersion: 3, version: 5 });
  t.like(baseOf(4, 6, 9), { baseVersion: 6, version: 9 });
  t.like(evolveUser(evolveUser(undefined, registered(1, 1)), at(3)), { baseVersion: 1 });
});

test('given changes after registered, then the row begins as changed', (t) => {
  const change = after(registration(1), happenings.verified, emailChanged(claimOf(2)));
  if (change === undefined || 'left' in change) return t.fail();
  t.like(change, { ownedAt: 44, releasedAt: null });
  const row = toBegunRow(change);
  t.like(row, { emailVerified: true, claim: claimOf(2), version: 3, position: 44 });
  t.deepEqual(Object.keys(row ?? {}).toSorted(), Object.keys(UserRow.properties).toSorted());
});

test('given changes alone, then no row begins', (t) => {
  const change = after(happenings.verified);
  if (change === undefined || 'left' in change) return t.fail();
  t.is(toBegunRow(change), undefined);
});

test('given erased, then the row is removed as erased', (t) => {
  const erased = { userId, position: 43, left: 'erased' } as const;
  t.deepEqual(after(registration(1), happenings.erased), erased);
  t.deepEqual(after(happenings.updated, happenings.erased), erased);
});

test('given an event whose key is gone, then the row is removed as absent', (t) => {
  const change = evolveUser(undefined, withoutKey(1, registration(1), { position: 42 }));
  t.deepEqual(change, { userId, position: 42, left: 'absent' });
  const next = projected(1, happenings.deactivated, { position: 43, version: 2 });
  t.deepEqual(evolveUser(change, next), change);
});
