import type { AccountEvent } from '@zameni/contracts';
import test from 'ava';
import {
  claimOf,
  emailChanged,
  forgotten,
  happenings,
  personalOf,
  projected,
  refused,
  registered,
  registration,
  userIdOf,
} from './accounts.fixture.ts';
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
  standing: null,
  registeredAt: null,
  ownedAt: null,
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
    standing: 'held',
    registeredAt: '2026-03-04T05:06:07.089Z',
    ownedAt: 42,
    version: 1,
    position: 42,
  });
});

test('given a contested registration, then the person is kept but owns no address', (t) => {
  t.like(after(registration(1, 'contested')), { standing: 'contested', ownedAt: null });
});

test('given proof of the mailbox, then the person has her address', (t) => {
  t.like(after(registration(1, 'contested'), happenings.verified), {
    standing: 'held',
    emailVerified: true,
    claim: claimOf(1),
    ownedAt: 43,
    version: 2,
  });
});

const changes = test.macro<[AccountEvent, Partial<Extract<UserChange, { email: unknown }>>]>({
  title: (_, event) => `given ${event.name} alone, then everything else is kept`,
  exec: (t, event, fields) => {
    t.deepEqual(after(event), { ...kept, ...fields, userId, version: 1, position: 42 });
  },
});

test(changes, happenings.verified, { emailVerified: true, standing: 'held', ownedAt: 42 });
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
test(changes, happenings.verificationRequested, {});

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

test('given superseded, then there is nobody, whatever came before', (t) => {
  const absent = { userId, position: 43, left: 'absent' } as const;
  t.deepEqual(after(registration(1), happenings.superseded), absent);
  t.deepEqual(after(happenings.updated, happenings.superseded), absent);
});

test('given erased, then that is what is left to say', (t) => {
  const erased = { userId, position: 43, left: 'erased' } as const;
  t.deepEqual(after(registration(1), happenings.erased), erased);
  t.deepEqual(after(happenings.superseded, happenings.erased), erased);
});

test('given an event whose key is gone, then there is nobody until the erasure comes', (t) => {
  const change = evolveUser(undefined, forgotten(1, registration(1), { position: 42 }));
  t.deepEqual(change, { userId, position: 42, left: 'absent' });
  const next = projected(1, happenings.deactivated, { position: 43, version: 2 });
  t.deepEqual(evolveUser(change, next), change);
});

test('given registration-refused, then nothing changes', (t) => {
  t.is(evolveUser(undefined, refused(1, 42)), undefined);
});
