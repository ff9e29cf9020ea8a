import type { AccountEvent, RegistrationOutcome } from '@zameni/contracts';
import test from 'ava';
import {
  emailChanged,
  claimOf,
  forgotten,
  happenings,
  projected,
  refused,
  registration,
  userIdOf,
} from './accounts.fixture.ts';
import { toRegistrationRow } from './registrations-projection.ts';

const registrationId = userIdOf(1);
const place = { position: 42 };

const concludes = test.macro<[string, AccountEvent, RegistrationOutcome]>({
  title: (_, what, __, { result }) => `given ${what}, then the registration is ${result}`,
  exec: (t, _, event, outcome) => {
    const row = { registrationId, outcome, position: 42 };
    t.deepEqual(toRegistrationRow(projected(1, event, place)), row);
  },
});

const mine = { result: 'registered', userId: registrationId } as const;
test(concludes, 'registered', registration(1), mine);
test(concludes, 'a contested one', registration(1, 'contested'), { result: 'pending' });
test(concludes, 'proof of the mailbox', happenings.verified, mine);
test(concludes, 'superseded', happenings.superseded, { result: 'superseded' });

test('given registration-refused, then the registration ended with its reason', (t) => {
  t.deepEqual(toRegistrationRow(refused(1, 43)), {
    registrationId,
    outcome: { result: 'refused', reason: 'address-taken' },
    position: 43,
  });
});

test('given a registration whose key is gone, then its outcome is known all the same', (t) => {
  t.deepEqual(toRegistrationRow(forgotten(1, registration(1), place))?.outcome, mine);
});

test('everything that happens to a person later leaves the outcome as it is', (t) => {
  const { updated, changeRequested, deactivated, reactivated, erased } = happenings;
  const events = [updated, changeRequested, deactivated, reactivated, erased];
  for (const event of [...events, emailChanged(claimOf(2)), happenings.verificationRequested]) {
    t.is(toRegistrationRow(projected(1, event, place)), undefined, event.name);
  }
});
