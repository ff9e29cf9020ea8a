import type { AccountFact } from '@zameni/contracts';
import test from 'ava';
import {
  type AccountDecision,
  type AccountPresence,
  type AccountState,
  type AddressState,
  absentAccount,
  answerAgain,
  decide,
  evolve,
  type Register,
} from './account.ts';

const fingerprint = 'f'.repeat(43);
const registered = {
  name: 'registered',
  data: { locale: 'sr-Latn-RS', termsVersion: '2026-01', fingerprint },
} as const;
const refused = {
  name: 'registration-refused',
  data: { reason: 'address-taken', fingerprint },
} as const;
const register: Register = {
  type: 'register',
  fingerprint,
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  personal: {
    email: 'vera@example.org',
    claim: 'k'.repeat(43),
    displayName: 'Vera Marković',
    profile: { city: 'Niš' },
  },
};

type Given = { account: AccountPresence; address: AddressState };

const decides = test.macro<[Given, AccountDecision]>({
  title: (title = '') => title,
  exec: (t, given, expected) => {
    t.deepEqual(decide(register, given), expected);
  },
});

test(
  'given nothing and a free address, registering gives registered',
  decides,
  { account: 'absent', address: 'free' },
  { outcome: 'append', event: { ...registered, personal: register.personal } },
);
test(
  'given nothing and a held address, registering gives registration-refused without personal data',
  decides,
  { account: 'absent', address: 'held' },
  { outcome: 'append', event: { ...refused, personal: null } },
);
test(
  'given an account with events, registering again changes nothing',
  decides,
  { account: 'present', address: 'held' },
  { outcome: 'decided-before' },
);
test(
  'given an account with events, nothing changes even when the address is free now',
  decides,
  { account: 'present', address: 'free' },
  { outcome: 'decided-before' },
);

type Answer = ReturnType<typeof answerAgain>;

const answers = test.macro<[readonly AccountFact[], string, Answer]>({
  title: (title = '') => title,
  exec: (t, history, body, expected) => {
    t.is(answerAgain(history.reduce<AccountState>(evolve, absentAccount), body), expected);
  },
});

test(
  'a retry of a registration is answered registered',
  answers,
  [registered],
  fingerprint,
  'registered',
);
test('a retry of a refusal is answered refused', answers, [refused], fingerprint, 'refused');
test(
  'another body under the same key is seen',
  answers,
  [registered],
  'g'.repeat(43),
  'key-reused',
);
test('without a first event nothing is known', answers, [], fingerprint, 'unknown');
