import type { UpdateUserCommand } from '@zameni/contracts';
import test from 'ava';
import type { AttemptState } from './attempt.ts';
import { decideUserChange, type UserChange } from './decide-user-change.ts';
import { commit, type Decision, refuse } from './decision.ts';
import {
  ATTEMPT_AT,
  changeCancelled,
  changed,
  changeRequested,
  closedBy,
  closes,
  dataOf,
  deactivated,
  disowned,
  EXPIRES,
  type Given,
  type Happened,
  HISTORIES,
  heldBy,
  HOME,
  MILA,
  NOW,
  openAttempt,
  OTHER,
  reactivated,
  registered,
  situationOf,
  summaryOf,
  VERA,
  WORK,
} from './situation.fixture.ts';

const barredAnew: Happened = { ...deactivated, id: 'barring' };

type Change = UserChange extends infer Each
  ? Each extends UserChange
    ? Omit<Each, 'userId' | 'data' | 'now'>
    : never
  : never;

/** Decides a change of Vera's account, given its history and the rest of the situation. */
function change(history: readonly Happened[], command: Change, given: Given = {}): Decision {
  const situation = situationOf({ ...given, accounts: [[VERA, history]] });
  return decideUserChange({ userId: VERA, data: dataOf(history), now: NOW, ...command }, situation);
}

const update: Change = { type: 'update', patch: { displayName: 'Vera M.' } };
const changeEmail: Change = { type: 'change-email', email: 'vera@example.net', claim: WORK };
const deactivate: Change = { type: 'deactivate', reasonCode: 'abuse' };
const reactivate: Change = { type: 'reactivate', reasonCode: 'appeal' };

const gone = { absent: 'user-not-found', erased: 'user-erased' } as const;
const onlyActive = (outcome: string) => ({
  ...gone,
  unproven: outcome,
  proven: outcome,
  joined: outcome,
  deactivated: 'user-deactivated',
  disowned: 'user-deactivated',
});
const byActivity = (ifActive: string, ifDeactivated: string) => ({
  unproven: ifActive,
  proven: ifActive,
  joined: ifActive,
  deactivated: ifDeactivated,
  disowned: ifDeactivated,
});
const table: readonly [string, Change, Record<keyof typeof HISTORIES, string>][] = [
  ['an update', update, onlyActive('profile-updated')],
  ['another address', changeEmail, onlyActive('email-change-requested')],
  [
    'a deactivation',
    deactivate,
    { ...gone, ...byActivity('deactivated', 'unchanged'), disowned: 'deactivated' },
  ],
  ['a reactivation', reactivate, { ...gone, ...byActivity('unchanged', 'reactivated') }],
  [
    'an erasure',
    { type: 'erase' },
    { absent: 'user-not-found', ...byActivity('erased', 'erased'), erased: 'unchanged' },
  ],
];
for (const [name, command, outcomes] of table) {
  for (const [status, history] of Object.entries(HISTORIES)) {
    const outcome = new Map(Object.entries(outcomes)).get(status) ?? 'not in the table';
    test(`${name} of an account that is ${status}: ${outcome}`, (t) => {
      t.is(summaryOf(change(history, command)), outcome);
    });
  }
}

const decides = test.macro<[readonly Happened[], Change, Decision, Given?]>({
  title: (title = '') => title,
  exec: (t, history, command, expected, given) => {
    t.deepEqual(change(history, command, given), expected);
  },
});
const commits = (
  event: Extract<Decision, { outcome: 'commit' }>['accounts'][number]['event'],
): Decision => commit({ accounts: [{ userId: VERA, event }] });
const patches = (patch: UpdateUserCommand, ifVersions?: readonly number[]): Change => ({
  type: 'update',
  patch,
  ...(ifVersions === undefined ? {} : { ifVersions }),
});
const same: Decision = { outcome: 'unchanged' };

test(
  'an update keeps fields that it does not name and writes whole values',
  decides,
  HISTORIES.proven,
  patches({ profile: { city: null, seats: 2 } }),
  commits({
    name: 'profile-updated',
    data: { locale: 'sr-Latn-RS' },
    personal: { displayName: 'Vera Marković', profile: { news: true, seats: 2 } },
  }),
);
test(
  'a locale is changed in clear',
  decides,
  HISTORIES.proven,
  patches({ locale: 'de' }),
  commits({
    name: 'profile-updated',
    data: { locale: 'de' },
    personal: { displayName: 'Vera Marković', profile: { city: 'Niš', news: true } },
  }),
);
test('an empty patch changes nothing', decides, HISTORIES.proven, patches({}), same);
test(
  'a patch with the present values in any order changes nothing',
  decides,
  HISTORIES.proven,
  patches({ displayName: 'Vera Marković', profile: { news: true, city: 'Niš', none: null } }),
  same,
);
test(
  'a number and its text are different values',
  decides,
  [
    {
      ...registered(),
      personal: { email: 'a', claim: HOME, displayName: 'A', profile: { n: '1' } },
    } as Happened,
  ],
  patches({ profile: { n: 1 } }),
  commits({
    name: 'profile-updated',
    data: { locale: 'sr-Latn-RS' },
    personal: { displayName: 'A', profile: { n: 1 } },
  }),
);

const names = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, n]));
test('a profile takes 32 names', (t) => {
  t.is(summaryOf(change(HISTORIES.unproven, patches({ profile: names(30) }))), 'profile-updated');
});
test(
  'a profile of 33 names is refused, with its pointer',
  decides,
  HISTORIES.unproven,
  patches({ profile: names(31) }),
  {
    outcome: 'refused',
    code: 'invalid-request',
    errors: [{ pointer: '/profile', code: 'too-many' }],
  },
);
test('removed names make room', (t) => {
  const patch = { profile: { ...names(31), city: null } };
  t.is(summaryOf(change(HISTORIES.unproven, patches(patch))), 'profile-updated');
});

const precondition = test.macro<[readonly Happened[], readonly number[], string]>({
  title: (title = '') => title,
  exec: (t, history, ifVersions, expected) => {
    const command = patches({ displayName: 'Vera M.' }, ifVersions);
    t.is(summaryOf(change(history, command)), expected);
  },
});
const lost = 'precondition-failed';
test(
  'the named version is the present one',
  precondition,
  HISTORIES.proven,
  [2],
  'profile-updated',
);
test(
  'one of the named versions is the present one',
  precondition,
  HISTORIES.proven,
  [1, 2],
  'profile-updated',
);
test('an older version is refused', precondition, HISTORIES.proven, [1], lost);
test('a future version is refused', precondition, HISTORIES.proven, [3], lost);
test('a header without a version of ours is refused', precondition, HISTORIES.proven, [], lost);
test(
  'an erased account is gone for every version',
  precondition,
  HISTORIES.erased,
  [3],
  'user-erased',
);
test('a stale version is refused even where nothing would change', (t) => {
  t.is(summaryOf(change(HISTORIES.proven, patches({}, [1]))), lost);
});

test(
  'another address awaits proof, and no claim changes yet',
  decides,
  HISTORIES.proven,
  changeEmail,
  commits({
    name: 'email-change-requested',
    data: {},
    personal: { email: 'vera@example.net', claim: WORK },
  }),
);
const cancels = commits({ name: 'email-change-cancelled', data: {}, personal: null });
const presentAddress = test.macro<[readonly Happened[], Decision, string?]>({
  title: (title = '') => `the present address ${title}`,
  exec: (t, history, expected, claim = HOME) => {
    const own: Change = { type: 'change-email', email: 'Vera@Example.org', claim };
    t.deepEqual(change(history, own), expected);
    t.deepEqual(change(history, { ...own, isFull: true }), expected);
  },
});
for (const status of ['unproven', 'proven', 'joined'] as const) {
  const history = HISTORIES[status];
  test(`changes nothing of an account that is ${status}`, presentAddress, history, same);
  const pending = [...history, changeRequested()];
  test(
    `cancels a pending change of an account that is ${status}`,
    presentAddress,
    pending,
    cancels,
  );
}
test(
  'cancels nothing twice',
  presentAddress,
  [registered(), changeRequested(), changeCancelled],
  same,
);
test(
  'is the one that was proven last',
  presentAddress,
  [registered(), changeRequested(), changed(), changeRequested('newer', OTHER)],
  cancels,
  WORK,
);
test('that was disowned can be requested like any other', (t) => {
  const history = [...HISTORIES.disowned, reactivated];
  const own: Change = { type: 'change-email', email: 'vera@example.org', claim: HOME };
  t.is(summaryOf(change(history, own)), 'email-change-requested');
});

test(
  'a deactivation keeps its reason',
  decides,
  HISTORIES.proven,
  deactivate,
  commits({ name: 'deactivated', data: { reasonCode: 'abuse' }, personal: null }),
);

const givesUp = test.macro<[readonly Happened[], Given['claims'], Decision]>({
  title: (title = '') => `an erasure ${title}`,
  exec: (t, history, claims, expected) => {
    t.deepEqual(
      change(history, { type: 'erase' }, claims === undefined ? {} : { claims }),
      expected,
    );
  },
});
type Committed = Extract<Decision, { outcome: 'commit' }>;
const farewell = { userId: VERA, email: 'vera@example.org', locale: 'sr-Latn-RS' };
const erases = (claims: Committed['claims'], farewells: Committed['farewells'] = []): Decision =>
  commit({
    accounts: [{ userId: VERA, event: { name: 'erased', data: {}, personal: null } }],
    claims,
    farewells,
  });
const released = [{ claim: HOME, record: { state: 'released', by: 'erasure' } as const }];
for (const verified of [false, true]) {
  test(
    `releases the address that is held ${verified ? 'proven' : 'unproven'}`,
    givesUp,
    verified ? HISTORIES.proven : HISTORIES.unproven,
    { [HOME]: heldBy(VERA, verified) },
    erases(released, verified ? [farewell] : []),
  );
}
test(
  'keeps an address that another account holds now',
  givesUp,
  HISTORIES.disowned,
  { [HOME]: heldBy(MILA, true) },
  erases([]),
);
test(
  'releases nothing if the address is free',
  givesUp,
  HISTORIES.disowned,
  { [HOME]: { state: 'released', by: 'disowning' } },
  erases([]),
);
test(
  'affects no other address',
  givesUp,
  HISTORIES.unproven,
  { [OTHER]: heldBy(VERA) },
  erases([]),
);

const attemptErasure = test.macro<[AttemptState | undefined, Decision]>({
  title: (title = '') => `the erasure of an attempt ${title}`,
  exec: (t, attempt, expected) => {
    const attempts = attempt === undefined ? [] : [[VERA, attempt] as const];
    t.deepEqual(change([], { type: 'erase' }, { attempts }), expected);
  },
});
test(
  'that awaits proof closes it',
  attemptErasure,
  openAttempt,
  commit({ attempts: [closes(VERA, 'erasure')] }),
);
for (const [name, state] of [
  ['is past its instant', 'over'],
  ['became void', 'void'],
] as const) {
  test(
    `that ${name} deletes its remains`,
    attemptErasure,
    { state, position: 9, of: ATTEMPT_AT, expiresAt: EXPIRES },
    commit({ attempts: [{ ...closes(VERA, 'erasure'), upTo: 9 }] }),
  );
}
const notFound = refuse('user-not-found');
test('an attempt has no version that `If-Match` could name', (t) => {
  const command = { type: 'erase', ifVersions: [1] } as const;
  const attempts = [[VERA, openAttempt]] as const;
  t.deepEqual(change([], command, { attempts }), refuse('precondition-failed'));
  t.deepEqual(change([], command), notFound);
});
test('that is over is not found', attemptErasure, undefined, notFound);
test('that was erased changes nothing', attemptErasure, closedBy('erasure'), same);
test('that was disowned is not found', attemptErasure, closedBy('not-mine'), notFound);
test('that confirmed an account is not found', attemptErasure, closedBy('proof', MILA), notFound);
for (const command of [update, changeEmail, deactivate, reactivate]) {
  test(`an attempt accepts no ${command.type}`, (t) => {
    t.deepEqual(change([], command, { attempts: [[VERA, openAttempt]] }), notFound);
  });
}
test('that became an account erases the account, because the attempt is over', (t) => {
  const given: Given = {
    attempts: [[VERA, closedBy('proof', VERA)]],
    claims: { [HOME]: heldBy(VERA, true) },
  };
  t.deepEqual(change(HISTORIES.joined, { type: 'erase' }, given), erases(released, [farewell]));
});

test('a full account accepts no change that can be repeated, but every change that ends it', (t) => {
  const full = (command: Change) =>
    summaryOf(change(HISTORIES.proven, { ...command, isFull: true }));
  t.is(full(update), 'too-many-changes');
  t.is(full(changeEmail), 'too-many-changes');
  t.is(full(deactivate), 'deactivated');
  t.is(full({ type: 'erase' }), 'erased');
});

const own: readonly (readonly [string, readonly Happened[], Change, string])[] = [
  ['change', HISTORIES.deactivated, update, 'self-deactivated'],
  ['change', HISTORIES.disowned, update, 'self-deactivated'],
  ['change the address of', HISTORIES.deactivated, changeEmail, 'self-deactivated'],
  ['erase', HISTORIES.deactivated, { type: 'erase' }, 'self-deactivated'],
  ['erase', HISTORIES.disowned, { type: 'erase' }, 'erased'],
  ['erase', [...HISTORIES.disowned, barredAnew], { type: 'erase' }, 'self-deactivated'],
  ['erase', [registered(), deactivated, disowned], { type: 'erase' }, 'self-deactivated'],
  ['erase', [...HISTORIES.deactivated, reactivated], { type: 'erase' }, 'erased'],
];
for (const [what, history, command, outcome] of own) {
  const names = history.map(({ id }) => id).join(', ');
  test(`to ${what} oneself after ${names}: ${outcome}`, (t) => {
    t.is(summaryOf(change(history, { ...command, isOwn: true })), outcome);
    // An operator is not bound by it.
    t.not(summaryOf(change(history, command)), 'self-deactivated');
  });
}

test('a deactivated person gets the same answer whatever If-Match says', (t) => {
  const command: Change = { type: 'erase', isOwn: true, ifVersions: [1] };
  t.is(summaryOf(change(HISTORIES.deactivated, command)), 'self-deactivated');
});
