import test from 'ava';
import { type AccountState, absentAccount, answerAgain, evolve } from './account.ts';
import {
  changed,
  changeRequested,
  dataOf,
  deactivated,
  erased,
  type Happened,
  HISTORIES,
  HOME,
  reactivated,
  refused,
  registered,
  stateOf,
  superseded,
  verified,
  WORK,
} from './situation.fixture.ts';

const fingerprint = 'f'.repeat(43);
const person = { fingerprint, attempt: 'registration', emailVerified: false, change: null };
const updated: Happened = {
  id: 'update',
  name: 'profile-updated',
  data: { locale: 'de' },
  personal: { displayName: 'Vera M.', profile: { city: 'Novi Sad' } },
};
const wished: Happened = {
  id: 'wish',
  name: 'verification-requested',
  data: { attempt: 'registration' },
  personal: null,
};

const leadsTo = test.macro<[readonly Happened[], AccountState]>({
  title: (title = '') => `given ${title}`,
  exec: (t, history, expected) => {
    t.deepEqual(stateOf(history), expected);
  },
});

test('nothing, the account is absent', leadsTo, [], { status: 'absent' });
test('a registration that holds its address, the person is active', leadsTo, [registered()], {
  ...person,
  status: 'active',
  version: 1,
});
test('a registration of a contested address, it is pending', leadsTo, [registered('contested')], {
  ...person,
  status: 'pending',
  version: 1,
});
test('a refusal, its reason and fingerprint are known', leadsTo, [refused], {
  status: 'refused',
  version: 1,
  fingerprint,
  reason: 'address-taken',
});
test(
  'a contested registration and proof, the person is active',
  leadsTo,
  [registered('contested'), verified],
  { ...person, status: 'active', version: 2, emailVerified: true },
);
test(
  'somebody else took the address, the attempt is superseded',
  leadsTo,
  [registered('contested'), superseded()],
  { ...person, status: 'superseded', version: 2 },
);
test(
  'two wishes for another address, the newest counts',
  leadsTo,
  [registered(), changeRequested('one'), changeRequested('two')],
  { ...person, status: 'active', version: 3, change: { attempt: 'two' } },
);
test(
  'a changed address, it is proven and no change waits',
  leadsTo,
  [registered(), changeRequested(), changed()],
  { ...person, status: 'active', version: 3, emailVerified: true },
);
test(
  'a deactivation and a reactivation, proof and the waiting change stay',
  leadsTo,
  [registered(), verified, changeRequested(), deactivated, reactivated],
  { ...person, status: 'active', version: 5, emailVerified: true, change: { attempt: 'change' } },
);
test(
  'proof of somebody deactivated, she stays deactivated',
  leadsTo,
  [registered(), deactivated, verified],
  { ...person, status: 'deactivated', version: 3, emailVerified: true },
);
test(
  'an update and a wish for the mail, only the version grows',
  leadsTo,
  [registered(), updated, wished],
  { ...person, status: 'active', version: 3 },
);
test('an erasure, nothing but version and fingerprint is left', leadsTo, HISTORIES.erased, {
  status: 'erased',
  version: 3,
  fingerprint,
});
test('a wish on an account nobody has, nobody is there', leadsTo, [wished], absentAccount);

test('every event evolves every status without a throw, and the version never falls', (t) => {
  const events = [
    registered(),
    refused,
    superseded(),
    wished,
    verified,
    updated,
    changeRequested(),
    changed(),
    deactivated,
    reactivated,
    erased,
  ];
  const versionOf = (state: AccountState) => (state.status === 'absent' ? 0 : state.version);
  for (const history of Object.values(HISTORIES)) {
    for (const event of events) {
      const before = stateOf(history);
      t.true(versionOf(evolve(before, event)) >= versionOf(before));
    }
  }
});

test('of a person the version counts her events', (t) => {
  const history = [registered(), wished, verified, updated, changeRequested(), changed(), erased];
  for (let length = 1; length <= history.length; length += 1) {
    const state = stateOf(history.slice(0, length));
    t.is(state.status === 'absent' ? 0 : state.version, length);
  }
});

test('data begins with the registration and changes whole values', (t) => {
  const data = {
    email: 'vera@example.org',
    claim: HOME,
    displayName: 'Vera Marković',
    locale: 'sr-Latn-RS',
    profile: { city: 'Niš', news: true },
    wanted: null,
  };
  const renamed = {
    ...data,
    displayName: 'Vera M.',
    locale: 'de',
    profile: { city: 'Novi Sad' },
  };
  const wanted = { email: 'vera@example.net', claim: WORK };
  t.is(dataOf([]), undefined);
  t.is(dataOf([updated, changeRequested(), changed()]), undefined);
  t.deepEqual(dataOf([registered()]), data);
  t.deepEqual(dataOf([registered(), verified, updated]), renamed);
  t.deepEqual(dataOf([registered(), changeRequested()]), { ...data, wanted });
  t.deepEqual(dataOf([registered(), changeRequested(), changed(), updated]), {
    ...renamed,
    ...wanted,
  });
});

type Answer = ReturnType<typeof answerAgain>;

const answers = test.macro<[readonly Happened[], string, Answer]>({
  title: (title = '') => title,
  exec: (t, history, body, expected) => {
    t.is(answerAgain(stateOf(history), body), expected);
  },
});

test('a registration is answered again', answers, [registered()], fingerprint, 'registered');
test('a pending one too', answers, [registered('contested')], fingerprint, 'pending');
test('a refusal too', answers, [refused], fingerprint, 'refused');
test('another body is seen', answers, [registered()], 'g'.repeat(43), 'key-reused');
test('another body is seen behind a refusal', answers, [refused], 'g'.repeat(43), 'key-reused');
test('without a first event nothing is known', answers, [], fingerprint, 'unknown');
