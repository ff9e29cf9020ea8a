import type { UpdateUserCommand } from '@zameni/contracts';
import test from 'ava';
import { decideUserChange, type UserChange } from './decide-user-change.ts';
import type { Decision } from './decision.ts';
import {
  dataOf,
  type Given,
  type Happened,
  HISTORIES,
  heldBy,
  HOME,
  JOVAN,
  MILA,
  OTHER,
  registered,
  situationOf,
  summaryOf,
  VERA,
  verified,
  WORK,
} from './situation.fixture.ts';

type Change = UserChange extends infer Each
  ? Each extends UserChange
    ? Omit<Each, 'userId' | 'data'>
    : never
  : never;

/** Vera's account is changed, given her history and the rest of the situation. */
function change(history: readonly Happened[], command: Change, given: Given = {}): Decision {
  const situation = situationOf({ ...given, accounts: [[VERA, history]] });
  return decideUserChange({ userId: VERA, data: dataOf(history), ...command }, situation);
}

const update: Change = { type: 'update', patch: { displayName: 'Vera M.' } };
const changeEmail: Change = { type: 'change-email', email: 'vera@example.net', claim: WORK };
const deactivate: Change = { type: 'deactivate', reasonCode: 'abuse' };
const reactivate: Change = { type: 'reactivate', reasonCode: 'appeal' };

const gone = {
  absent: 'user-not-found',
  refused: 'user-not-found',
  pending: 'user-not-found',
  superseded: 'user-not-found',
  erased: 'user-erased',
} as const;
const table: readonly [string, Change, Record<keyof typeof HISTORIES, string>][] = [
  [
    'an update',
    update,
    {
      ...gone,
      active: 'profile-updated',
      proven: 'profile-updated',
      deactivated: 'user-deactivated',
    },
  ],
  [
    'another address',
    changeEmail,
    {
      ...gone,
      active: 'email-change-requested',
      proven: 'email-change-requested',
      deactivated: 'user-deactivated',
    },
  ],
  [
    'a deactivation',
    deactivate,
    { ...gone, active: 'deactivated', proven: 'deactivated', deactivated: 'unchanged' },
  ],
  [
    'a reactivation',
    reactivate,
    { ...gone, active: 'unchanged', proven: 'unchanged', deactivated: 'reactivated' },
  ],
  [
    'an erasure',
    { type: 'erase' },
    {
      absent: 'user-not-found',
      refused: 'user-not-found',
      pending: 'erased',
      active: 'erased',
      proven: 'erased',
      deactivated: 'erased',
      superseded: 'erased',
      erased: 'unchanged',
    },
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
): Decision => ({ outcome: 'commit', accounts: [{ userId: VERA, event }], claims: [] });
const patches = (patch: UpdateUserCommand, ifVersions?: readonly number[]): Change => ({
  type: 'update',
  patch,
  ...(ifVersions === undefined ? {} : { ifVersions }),
});
const same: Decision = { outcome: 'unchanged' };

test(
  'an update keeps what it does not name and writes whole values',
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
  'a locale changes in clear',
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
  'a patch with what is there changes nothing, whatever its order',
  decides,
  HISTORIES.proven,
  patches({ displayName: 'Vera Marković', profile: { news: true, city: 'Niš', none: null } }),
  same,
);
test(
  'a number is another value than its text',
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
  t.is(summaryOf(change(HISTORIES.active, patches({ profile: names(30) }))), 'profile-updated');
});
test(
  'one name more than 32 is refused, with its place',
  decides,
  HISTORIES.active,
  patches({ profile: names(31) }),
  {
    outcome: 'refused',
    code: 'invalid-request',
    errors: [{ pointer: '/profile', code: 'too-many' }],
  },
);
test('names taken out make room', (t) => {
  const patch = { profile: { ...names(31), city: null } };
  t.is(summaryOf(change(HISTORIES.active, patches(patch))), 'profile-updated');
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
  'the version named is the present one',
  precondition,
  HISTORIES.proven,
  [2],
  'profile-updated',
);
test('one of the versions named is', precondition, HISTORIES.proven, [1, 2], 'profile-updated');
test('an older version is refused', precondition, HISTORIES.proven, [1], lost);
test('a version to come is refused', precondition, HISTORIES.proven, [3], lost);
test('no version of ours is refused', precondition, HISTORIES.proven, [], lost);
test(
  'who is erased is gone, whatever the version',
  precondition,
  HISTORIES.erased,
  [3],
  'user-erased',
);
test('a stale version is refused even where nothing would change', (t) => {
  t.is(summaryOf(change(HISTORIES.proven, patches({}, [1]))), lost);
});

test(
  'another address waits for proof; no claim moves before',
  decides,
  HISTORIES.proven,
  changeEmail,
  commits({
    name: 'email-change-requested',
    data: {},
    personal: { email: 'vera@example.net', claim: WORK },
  }),
);
const own: Change = { type: 'change-email', email: 'vera@example.org', claim: HOME };
test('the proven address of her own changes nothing', decides, HISTORIES.proven, own, same);
test('while it is unproven it asks for proof once more', (t) => {
  t.is(summaryOf(change(HISTORIES.active, own)), 'email-change-requested');
});
test('another spelling of it is a change', (t) => {
  t.is(
    summaryOf(change(HISTORIES.proven, { ...own, email: 'Vera@example.org' })),
    'email-change-requested',
  );
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
const erases = (claims: Extract<Decision, { outcome: 'commit' }>['claims']): Decision => ({
  outcome: 'commit',
  accounts: [{ userId: VERA, event: { name: 'erased', data: {}, personal: null } }],
  claims,
});
const released = [{ claim: HOME, record: { state: 'released' } as const }];
test(
  'releases the address she holds',
  givesUp,
  [registered(), verified],
  { [HOME]: heldBy(VERA, { verified: true }) },
  erases(released),
);
test(
  'releases it for those who wait for it too',
  givesUp,
  HISTORIES.active,
  { [HOME]: heldBy(VERA, { contenders: [MILA] }) },
  erases(released),
);
test(
  'takes a contender off the list and leaves the rest as it is',
  givesUp,
  HISTORIES.pending,
  { [HOME]: heldBy(MILA, { contenders: [VERA, JOVAN] }) },
  erases([{ claim: HOME, record: heldBy(MILA, { contenders: [JOVAN] }) }]),
);
test(
  'leaves an address that somebody else has',
  givesUp,
  HISTORIES.superseded,
  { [HOME]: heldBy(MILA, { verified: true }) },
  erases([]),
);
test(
  'of an address that is free releases nothing',
  givesUp,
  HISTORIES.active,
  undefined,
  erases([]),
);
test('touches no other address', givesUp, HISTORIES.active, { [OTHER]: heldBy(VERA) }, erases([]));

test('a full account takes no change that may be repeated, and every one that ends it', (t) => {
  const full = (command: Change) => {
    const situation = situationOf({ accounts: [[VERA, HISTORIES.proven]] });
    const data = dataOf(HISTORIES.proven);
    return summaryOf(decideUserChange({ userId: VERA, data, isFull: true, ...command }, situation));
  };
  t.is(full(update), 'too-many-changes');
  t.is(full(changeEmail), 'too-many-changes');
  t.is(full(deactivate), 'deactivated');
  t.is(full({ type: 'erase' }), 'erased');
});
