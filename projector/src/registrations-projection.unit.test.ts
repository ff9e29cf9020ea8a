import test from 'ava';
import { refused, registered, userIdOf } from './accounts.fixture.ts';
import { toRegistrationRow } from './registrations-projection.ts';

test('given registered, then the registration ended with that person', (t) => {
  t.deepEqual(toRegistrationRow(registered(1, 42)), {
    registrationId: userIdOf(1),
    outcome: { result: 'registered', userId: userIdOf(1) },
    position: 42,
  });
});

test('given registration-refused, then the registration ended with its reason', (t) => {
  t.deepEqual(toRegistrationRow(refused(2, 43)), {
    registrationId: userIdOf(2),
    outcome: { result: 'refused', reason: 'address-taken' },
    position: 43,
  });
});
