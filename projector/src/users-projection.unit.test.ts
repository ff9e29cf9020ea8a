import test from 'ava';
import { personalOf, refused, registered, userIdOf } from './accounts.fixture.ts';
import { toAddressOwner, toUserRow } from './users-projection.ts';

test('given registered, then there is a person with everything the event says', (t) => {
  t.deepEqual(toUserRow(registered(1, 42)), {
    view: {
      userId: userIdOf(1),
      email: 'Person.1@example.org',
      emailVerified: false,
      displayName: personalOf(1).displayName,
      locale: 'sr-Cyrl-RS',
      termsVersion: '2026-01',
      profile: personalOf(1).profile,
      status: 'active',
      registeredAt: '2026-03-04T05:06:07.089Z',
      version: 1,
    },
    position: 42,
  });
});

test('given registered, then the address belongs to the person', (t) => {
  const { claim: k } = personalOf(1);
  t.deepEqual(toAddressOwner(registered(1, 42)), { k, userId: userIdOf(1), position: 42 });
});

test('given registration-refused, then there is no person and no owner', (t) => {
  t.is(toUserRow(refused(1, 42)), undefined);
  t.is(toAddressOwner(refused(1, 42)), undefined);
});
