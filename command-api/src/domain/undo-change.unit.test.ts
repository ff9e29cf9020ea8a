import type { ClaimRecord } from '@zameni/contracts';
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
  JOVAN,
  NOW,
  OTHER,
  registered,
  situationOf,
  reservedFor,
  UNDO_UNTIL,
  VERA,
  verified,
  WORK,
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
    t.deepEqual(
      decideAccountProof({ ...link, said, data, now: NOW, undoUntil: UNDO_UNTIL }, situation),
      expected,
    );
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
  ['cancels what replaced the change, too', [...wanting, changeRequested('newer', OTHER)], cancels],
  [
    'cancels a change that followed a cancelled one',
    [...wanting, changeCancelled, changeRequested('newer', OTHER)],
    cancels,
  ],
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

/** Vera's changes, one after the other, each from the address before it. */
const made = [...wanting, changed('change', WORK, { undoUntil: UNDO_UNTIL })];
const madeTwice = [
  ...made,
  changeRequested('newer', OTHER),
  changed('newer', OTHER, { undoUntil: UNDO_UNTIL }),
];
const reserved = { [HOME]: reservedFor(VERA), [WORK]: heldBy(VERA, true) };

type Taking = {
  readonly history: readonly Happened[];
  readonly claims?: Readonly<Record<string, ClaimRecord>>;
  readonly link?: { readonly claim: string; readonly request: string };
  readonly now?: string;
};

const takes = test.macro<[Taking, Decision]>({
  title: (title = '') => title,
  exec: (
    t,
    { history, claims = reserved, link = { claim: HOME, request: 'change' }, now },
    expected,
  ) => {
    const situation = situationOf({ accounts: [[VERA, history]], claims });
    const said = { notMine: true } as const;
    const command = { userId: VERA, attempt: undefined, said, data: dataOf(history), ...link };
    t.deepEqual(
      decideAccountProof({ ...command, now: now ?? NOW, undoUntil: UNDO_UNTIL }, situation),
      expected,
    );
  },
});

const backTo = (
  { email, claim }: { email: string; claim: string },
  request: string,
  left: string,
): Decision =>
  commit({
    accounts: [
      {
        userId: VERA,
        event: { name: 'email-changed', data: { request, undo: true }, personal: { email, claim } },
      },
    ],
    claims: [
      { claim, record: heldBy(VERA, true) },
      { claim: left, record: { state: 'released', by: 'email-change' } },
    ],
  });
const home = { email: 'vera@example.org', claim: HOME };
const tooLate = refuse('address-taken');

test(
  'the old mailbox takes back a change that was made',
  takes,
  { history: made },
  backTo(home, 'change', WORK),
);
test(
  'also of an account that is deactivated meanwhile',
  takes,
  { history: [...made, deactivated] },
  backTo(home, 'change', WORK),
);
test(
  'also after one more change, whose address is released',
  takes,
  {
    history: madeTwice,
    claims: { [HOME]: reservedFor(VERA), [WORK]: reservedFor(VERA), [OTHER]: heldBy(VERA, true) },
  },
  backTo(home, 'change', OTHER),
);
const replaced = [
  ...wanting,
  changeRequested('newer', OTHER),
  changed('newer', OTHER, { undoUntil: UNDO_UNTIL }),
];
test(
  'also a change that replaced the one of the link',
  takes,
  { history: replaced, claims: { [HOME]: reservedFor(VERA), [OTHER]: heldBy(VERA, true) } },
  backTo(home, 'newer', OTHER),
);
test(
  'a change that left another mailbox is not taken back by a link that was replaced',
  takes,
  {
    history: [...replaced, changeRequested('third', WORK)],
    link: { claim: OTHER, request: 'third' },
  },
  commit({
    accounts: [
      { userId: VERA, event: { name: 'email-change-cancelled', data: {}, personal: null } },
    ],
  }),
);
test(
  'a change is not taken back once its time is over',
  takes,
  { history: made, now: UNDO_UNTIL },
  tooLate,
);
test(
  'an address that another account holds by now is not taken back',
  takes,
  { history: made, claims: { ...reserved, [HOME]: heldBy(JOVAN, true) } },
  tooLate,
);
const undoing = changed('change', HOME, { undo: true });
test('taking back twice changes nothing', takes, { history: [...made, undoing] }, same);
test(
  'a change after the one that was undone cannot be undone to its own address',
  takes,
  { history: [...madeTwice, undoing], link: { claim: WORK, request: 'newer' } },
  same,
);
test(
  'a person who went back themselves has nothing to take back',
  takes,
  {
    history: [
      ...made,
      changeRequested('back', HOME),
      changed('back', HOME, { undoUntil: UNDO_UNTIL }),
    ],
  },
  same,
);
