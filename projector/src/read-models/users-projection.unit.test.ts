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
} from '../accounts.fixture.ts';
import { evolveUser, type UserChange } from './users-projection.ts';

const userId = userIdOf(1);
const kept = {
  email: null,
  claim: null,
  emailVerified: null,
  displayName: null,
  locale: null,
  termsVersion: null,
  profile: null,
  status: null,
  registeredAt: null,
  ownedAt: null,
  releasedAt: null,
};

/** The change that events of one batch make, at positions 42, 43, … with versions 1, 2, … */
function after(...events: readonly AccountEvent[]): UserChange | undefined {
  return events.reduce<UserChange | undefined>(
    (change, event, index) =>
      evolveUser(change, projected(1, event, { position: 42 + index, version: index + 1 })),
    undefined,
  );
}

test('given registered, then there is a person with everything the event says', (t) => {
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
  });
});

test('given that the mailbox was proven before, then it is from the first event on', (t) => {
  t.like(after(registration(1, { emailVerified: true })), { emailVerified: true, ownedAt: 42 });
});

test('given that the account is disowned, then the person is there without their address', (t) => {
  t.like(after(registration(1), happenings.disowned), {
    status: 'deactivated',
    ownedAt: null,
    releasedAt: 43,
    claim: claimOf(1),
  });
});

test('given another address after that, then they own it', (t) => {
  t.like(after(happenings.disowned, happenings.reactivated, emailChanged(claimOf(2))), {
    ownedAt: 44,
    releasedAt: null,
  });
});

const changes = test.macro<[AccountEvent, Partial<Extract<UserChange, { email: unknown }>>]>({
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

test('given erased, then that is what is left to say', (t) => {
  const erased = { userId, position: 43, left: 'erased' } as const;
  t.deepEqual(after(registration(1), happenings.erased), erased);
  t.deepEqual(after(happenings.updated, happenings.erased), erased);
});

test('given an event whose key is gone, then there is nobody until the erasure comes', (t) => {
  const change = evolveUser(undefined, withoutKey(1, registration(1), { position: 42 }));
  t.deepEqual(change, { userId, position: 42, left: 'absent' });
  const next = projected(1, happenings.deactivated, { position: 43, version: 2 });
  t.deepEqual(evolveUser(change, next), change);
});
