import test from 'ava';
import { toFarewells } from './farewell.ts';
import {
  changed,
  changeRequested,
  dataOf,
  disowned,
  type Given,
  type Happened,
  heldBy,
  HISTORIES,
  HOME,
  MILA,
  NOW,
  reactivated,
  registered,
  reservedFor,
  situationOf,
  stateOf,
  UNDO_UNTIL,
  VERA,
  WORK,
} from './situation.fixture.ts';

const { proven, joined, deactivated, unproven } = HISTORIES;

function toPerson(history: readonly Happened[]) {
  const state = stateOf(history);
  if (!('registration' in state)) throw new Error('there is no person');
  return state;
}

/** `claims`: former addresses that the log has reserved. */
function farewellsOf(history: readonly Happened[], claims: Given['claims'] = {}) {
  const erasure = { userId: VERA, data: dataOf(history), now: NOW };
  return toFarewells(erasure, toPerson(history), situationOf({ claims }));
}

const goesTo = test.macro<[readonly Happened[], readonly string[]]>({
  title: (title = '', _history, [address = 'nobody']) =>
    `${title}: the farewell goes to ${address}`,
  exec: (t, history, expected) => {
    const farewells = farewellsOf(history);
    t.deepEqual(
      farewells.map(({ email }) => email),
      expected,
    );
  },
});
const first = ['vera@example.org'];
const second = ['vera@example.net'];

test('a proven mailbox', goesTo, proven, first);
test('an account made by a proof', goesTo, joined, first);
test('a deactivated account', goesTo, deactivated, first);
test('an address that awaits proof', goesTo, [...proven, changeRequested()], first);
test('a changed address', goesTo, [...proven, changeRequested(), changed()], second);
test('a first proof by a change', goesTo, [registered(), changeRequested(), changed()], second);
test('an unproven mailbox', goesTo, unproven, []);
test('a disowned account', goesTo, HISTORIES.disowned, []);
test('a disowned account that was proven', goesTo, [...proven, disowned, reactivated], []);

test('nobody gets a farewell whose data cannot be opened', (t) => {
  const erasure = { userId: VERA, data: undefined, now: NOW };
  t.deepEqual(toFarewells(erasure, toPerson(proven), situationOf({})), []);
});

test('a farewell is in the language of the person', (t) => {
  const [farewell] = farewellsOf(proven);
  t.deepEqual(farewell, { userId: VERA, email: 'vera@example.org', locale: 'sr-Latn-RS' });
});

const moved = [...proven, changeRequested(), changed('change', WORK, { undoUntil: UNDO_UNTIL })];
const locale = 'sr-Latn-RS';
const toFormer = { userId: VERA, email: 'vera@example.org', locale, request: 'change' };
const toPresent = { userId: VERA, email: 'vera@example.net', locale };

test('a former mailbox that could take the address back gets one of its own', (t) => {
  const farewells = farewellsOf(moved, { [HOME]: reservedFor(VERA) });
  t.deepEqual(farewells, [toPresent, toFormer]);
});

test('so does it after the owner of the present one has disowned the account', (t) => {
  const history = [...moved, disowned, reactivated];
  t.deepEqual(farewellsOf(history, { [HOME]: reservedFor(VERA) }), [toFormer]);
});

test('a former mailbox gets none once its time is over, or if another account holds it', (t) => {
  const over = [...proven, changeRequested(), changed('change', WORK, { undoUntil: NOW })];
  t.deepEqual(farewellsOf(over, { [HOME]: reservedFor(VERA, NOW) }), [toPresent]);
  t.deepEqual(farewellsOf(moved, { [HOME]: heldBy(MILA, true) }), [toPresent]);
  t.deepEqual(farewellsOf(moved), [toPresent]);
});
