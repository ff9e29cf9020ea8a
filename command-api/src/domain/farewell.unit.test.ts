import test from 'ava';
import { toFarewells } from './farewell.ts';
import {
  changed,
  changeRequested,
  dataOf,
  disowned,
  type Happened,
  HISTORIES,
  reactivated,
  registered,
  stateOf,
  VERA,
} from './situation.fixture.ts';

const { proven, joined, deactivated, unproven } = HISTORIES;

function toPerson(history: readonly Happened[]) {
  const state = stateOf(history);
  if (!('registration' in state)) throw new Error('there is no person');
  return state;
}

const goesTo = test.macro<[readonly Happened[], readonly string[]]>({
  title: (title = '', _history, [address = 'nobody']) =>
    `${title}: the farewell goes to ${address}`,
  exec: (t, history, expected) => {
    const farewells = toFarewells(VERA, toPerson(history), dataOf(history));
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
  t.deepEqual(toFarewells(VERA, toPerson(proven), undefined), []);
});

test('a farewell is in the language of the person', (t) => {
  const [farewell] = toFarewells(VERA, toPerson(proven), dataOf(proven));
  t.deepEqual(farewell, { userId: VERA, email: 'vera@example.org', locale: 'sr-Latn-RS' });
});
