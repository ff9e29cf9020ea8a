import test from 'ava';
import { decideAccountProof } from './decide-account-proof.ts';
import { commit, type Decision, refuse } from './decision.ts';
import {
  changeCancelled,
  changed,
  changeRequested,
  dataOf,
  deactivated,
  disowned,
  erased,
  type Happened,
  heldBy,
  HOME,
  OTHER,
  registered,
  situationOf,
  VERA,
  verified,
} from './situation.fixture.ts';
import type { Said } from './verification.ts';

/** Decides the use of the link to Vera's old mailbox. */
const decides = test.macro<[readonly Happened[], Said, Decision]>({
  title: (title = '') => title,
  exec: (t, history, said, expected) => {
    const data = dataOf(history);
    const link = { userId: VERA, claim: HOME, request: 'change', attempt: undefined };
    const accounts = [[VERA, history] as const];
    const situation = situationOf({ accounts, claims: { [HOME]: heldBy(VERA, true) } });
    t.deepEqual(decideAccountProof({ ...link, said, data }, situation), expected);
  },
});

const invalid = refuse('invalid-verification-token');
const same: Decision = { outcome: 'unchanged' };
const wanting = [registered(), verified, changeRequested()];

const cancels = commit({
  accounts: [{ userId: VERA, event: { name: 'email-change-cancelled', data: {}, personal: null } }],
});
const undone: readonly (readonly [string, readonly Happened[], Decision])[] = [
  ['cancels a pending change', wanting, cancels],
  ['cancels the change of an unproven address', [registered(), changeRequested()], cancels],
  ['cancels the change of a deactivated account', [...wanting, deactivated], cancels],
  ['changes nothing once the change is cancelled', [...wanting, changeCancelled], same],
  ['does not cancel a newer change', [...wanting, changeRequested('newer', OTHER)], same],
  ['is too late once the change is made', [...wanting, changed()], refuse('address-taken')],
  [
    'is too late after one more change, too',
    [...wanting, changed(), changeRequested('newer', OTHER), changed('newer', OTHER)],
    refuse('address-taken'),
  ],
  [
    'is nothing to an account that lost the address',
    [registered(), changeRequested(), disowned],
    invalid,
  ],
  ['is nothing to an account that is erased', [...wanting, erased], invalid],
];
for (const [what, history, expected] of undone) {
  const title = `the undo link ${what}`;
  test(title, decides, history, { notMine: true }, expected);
}
const undoNeedsNotMine = refuse('invalid-request', [{ pointer: '/notMine', code: 'required' }]);
for (const [when, history] of Object.entries({
  pending: wanting,
  made: [...wanting, changed()],
  cancelled: [...wanting, changeCancelled],
})) {
  test(
    `the undo link of a change that is ${when} proves nothing`,
    decides,
    history,
    {},
    undoNeedsNotMine,
  );
}
test(
  'the undo link accepts no other field',
  decides,
  wanting,
  { notMine: true, holder: 'not-mine' },
  refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }]),
);
