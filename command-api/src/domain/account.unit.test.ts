import test from 'ava';
import {
  type AccountState,
  absentAccount,
  evolve,
  formerAddresses,
  reservedAddresses,
} from './account.ts';
import {
  ATTEMPT_AT,
  changeCancelled,
  changed,
  changeRequested,
  dataOf,
  deactivated,
  disowned,
  erased,
  type Happened,
  HISTORIES,
  HOME,
  NOW,
  OTHER,
  reactivated,
  registered,
  stateOf,
  UNDO_UNTIL,
  verified,
  WORK,
} from './situation.fixture.ts';

const unproven = {
  isBarred: false,
  fingerprint: 'f'.repeat(43),
  locale: 'sr-Latn-RS',
  registration: 'registration',
  attempt: undefined,
  emailVerified: false,
  holdsAddress: true,
  change: undefined,
  proofs: [],
};
const proven = { ...unproven, emailVerified: true, proofs: ['registration'] };
const updated: Happened = {
  id: 'update',
  name: 'profile-updated',
  data: { locale: 'de' },
  personal: { displayName: 'Vera M.', profile: { city: 'Novi Sad' } },
};

const leadsTo = test.macro<[readonly Happened[], AccountState]>({
  title: (title = '') => `given ${title}`,
  exec: (t, history, expected) => {
    t.deepEqual(stateOf(history), expected);
  },
});

test('nothing, the account is absent', leadsTo, [], { status: 'absent' });
test(
  'a registration, the person is active and holds the address unproven',
  leadsTo,
  [registered()],
  {
    ...unproven,
    status: 'active',
    version: 1,
  },
);
test(
  'a registration of a mailbox that the caller has proven, it is proven',
  leadsTo,
  [registered({ emailVerified: true })],
  { ...unproven, status: 'active', version: 1, emailVerified: true },
);
test('a registration by proof, the attempt is known', leadsTo, HISTORIES.joined, {
  ...unproven,
  status: 'active',
  version: 1,
  emailVerified: true,
  attempt: ATTEMPT_AT,
});
test('proof, the used link is known', leadsTo, HISTORIES.proven, {
  ...proven,
  status: 'active',
  version: 2,
});
test(
  'two requests for another address, the newest counts',
  leadsTo,
  [registered(), changeRequested('one'), changeRequested('two')],
  { ...unproven, status: 'active', version: 3, change: 'two' },
);
test(
  'a request that was cancelled, no change is pending',
  leadsTo,
  [registered(), changeRequested(), changeCancelled],
  { ...unproven, status: 'active', version: 3 },
);
test(
  'a changed address, it is proven and no change is pending',
  leadsTo,
  [registered(), changeRequested(), changed()],
  { ...unproven, status: 'active', version: 3, emailVerified: true, proofs: ['change'] },
);
test(
  'a deactivation and a reactivation, proof and the pending change stay',
  leadsTo,
  [registered(), verified, changeRequested(), deactivated, reactivated],
  { ...proven, status: 'active', version: 5, change: 'change' },
);
test(
  'proof of a deactivated account, it stays deactivated',
  leadsTo,
  [registered(), deactivated, verified],
  { ...proven, status: 'deactivated', isBarred: true, version: 3 },
);
test('a disowning, the account is deactivated without its address', leadsTo, HISTORIES.disowned, {
  ...unproven,
  status: 'deactivated',
  version: 2,
  holdsAddress: false,
});
test(
  'a reactivation or another deactivation of a disowned account, it still has no address',
  leadsTo,
  [...HISTORIES.disowned, reactivated, deactivated],
  { ...unproven, status: 'deactivated', isBarred: true, version: 4, holdsAddress: false },
);
test(
  'a changed address of a disowned account, it holds an address again',
  leadsTo,
  [...HISTORIES.disowned, reactivated, changeRequested(), changed()],
  { ...unproven, status: 'active', version: 5, emailVerified: true, proofs: ['change'] },
);
test('an update, the version and the locale change', leadsTo, [registered(), updated], {
  ...unproven,
  locale: 'de',
  status: 'active',
  version: 2,
});
test('an erasure, only the version is left', leadsTo, HISTORIES.erased, {
  status: 'erased',
  version: 3,
});
test('an update of an absent account, it stays absent', leadsTo, [updated], absentAccount);

test('every event evolves every status without throwing, and the version counts the events', (t) => {
  const events = [
    verified,
    updated,
    changeRequested(),
    changeCancelled,
    changed(),
    deactivated,
    disowned,
    reactivated,
    erased,
  ];
  for (const history of Object.values(HISTORIES)) {
    for (const event of events) {
      const before = stateOf(history);
      const after = evolve(before, event);
      t.is('version' in after ? after.version : 0, 'version' in before ? before.version + 1 : 0);
    }
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
    changes: [],
  };
  const fromEmail = 'vera@example.org';
  const asked = (request: string, to: string) => ({ request, from: HOME, fromEmail, to });
  const renamed = {
    ...data,
    displayName: 'Vera M.',
    locale: 'de',
    profile: { city: 'Novi Sad' },
  };
  const wanted = { email: 'vera@example.net', claim: WORK };
  t.is(dataOf([]), undefined);
  t.is(dataOf([updated, changeRequested(), changeCancelled, changed()]), undefined);
  t.deepEqual(dataOf([registered()]), data);
  t.deepEqual(dataOf([registered(), verified, updated]), renamed);
  t.deepEqual(dataOf([registered(), changeRequested('old', OTHER), changeRequested()]), {
    ...data,
    wanted,
    changes: [asked('old', OTHER), asked('change', WORK)],
  });
  const changes = [asked('change', WORK)];
  t.deepEqual(dataOf([registered(), changeRequested(), changeCancelled]), { ...data, changes });
  t.deepEqual(dataOf([registered(), disowned, reactivated, erased]), data);
  t.deepEqual(dataOf([registered(), changeRequested(), changed(), updated]), {
    ...renamed,
    ...wanted,
    changes,
  });
});

/** Changes of a proven person's address, each made at once. */
function moved(...changes: readonly (readonly [claim: string, undoUntil?: string])[]) {
  const events = changes.flatMap(([claim, undoUntil], n) => [
    changeRequested(`change-${n}`, claim),
    changed(`change-${n}`, claim, undoUntil === undefined ? {} : { undoUntil }),
  ]);
  return dataOf([...HISTORIES.proven, ...events]);
}
const claimsOf = (former: ReturnType<typeof formerAddresses>) => former.map(({ claim }) => claim);

test('former addresses are those left by a change that could be taken back, the newest first', (t) => {
  t.deepEqual(claimsOf(formerAddresses(undefined)), []);
  t.deepEqual(claimsOf(formerAddresses(moved([WORK]))), []);
  const twice = moved([WORK, NOW], [OTHER, UNDO_UNTIL]);
  t.deepEqual(claimsOf(formerAddresses(twice)), [WORK, HOME]);
  t.deepEqual(claimsOf(reservedAddresses(twice, NOW)), [WORK], 'the time of the other is over');
  t.deepEqual(reservedAddresses(moved([WORK, UNDO_UNTIL]), NOW), [
    { claim: HOME, email: 'vera@example.org', until: UNDO_UNTIL, request: 'change-0' },
  ]);
});

test('an address that was left twice counts once, by the later change; the present one does not', (t) => {
  const again = moved([WORK, NOW], [HOME, NOW], [OTHER, UNDO_UNTIL]);
  t.deepEqual(claimsOf(formerAddresses(again)), [HOME, WORK]);
  t.deepEqual(claimsOf(reservedAddresses(again, NOW)), [HOME]);
  t.deepEqual(claimsOf(formerAddresses(moved([WORK, NOW], [HOME, NOW]))), [WORK]);
});

test('of many former addresses the newest count', (t) => {
  const many = Array.from({ length: 9 }, (_, n) => [`${n}`.repeat(43), NOW] as const);
  const newest = [7, 6, 5, 4, 3, 2].map((n) => `${n}`.repeat(43));
  t.deepEqual(claimsOf(formerAddresses(moved(...many))), newest);
});
