import { DISOWNED, type UserId } from '@zameni/contracts';
import test from 'ava';
import { decideAccountProof } from './decide-account-proof.ts';
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
  erased,
  heldBy,
  HISTORIES,
  HOME,
  JOVAN,
  MILA,
  NOW,
  openAttempt,
  OTHER,
  reactivated,
  registered,
  reservedFor,
  situationOf,
  type Given,
  type Happened,
  UNDO_UNTIL,
  VERA,
  verified,
  WORK,
} from './situation.fixture.ts';
import type { Said } from './verification.ts';

type Link = {
  readonly claim?: string;
  readonly request?: string;
  readonly attempt?: { readonly id: UserId; readonly position: number };
};
type When = { readonly given?: Given; readonly said?: Said; readonly link?: Link };

/** Decides a proof by the link of Vera's account, given its history and the situation. */
function prove(history: readonly Happened[], { given = {}, said = {}, link = {} }: When): Decision {
  const { claim = HOME, request = 'registration', attempt } = link;
  const accounts = [[VERA, history] as const, ...(given.accounts ?? [])];
  const about = { userId: VERA, claim, request, attempt, now: NOW, undoUntil: UNDO_UNTIL };
  const situation = situationOf({ ...given, accounts });
  return decideAccountProof({ ...about, said, data: dataOf(history) }, situation);
}

const decides = test.macro<[readonly Happened[], When, Decision]>({
  title: (title = '') => title,
  exec: (t, history, when, expected) => {
    t.deepEqual(prove(history, when), expected);
  },
});

const invalid = refuse('invalid-verification-token');
const same: Decision = { outcome: 'unchanged' };
const notMine: Said = { notMine: true };
const holdsHome: Given = { claims: { [HOME]: heldBy(VERA) } };

const proof = { request: 'registration', locale: 'sr-Latn-RS' };
const proves = (attempts: Extract<Decision, { outcome: 'commit' }>['attempts'] = []): Decision =>
  commit({
    accounts: [{ userId: VERA, event: { name: 'email-verified', data: proof, personal: null } }],
    claims: [{ claim: HOME, record: heldBy(VERA, true) }],
    attempts,
  });

test(
  'proof of the held address makes it proven',
  decides,
  HISTORIES.unproven,
  { given: holdsHome },
  proves(),
);

const link: Link = { attempt: { id: MILA, position: ATTEMPT_AT } };
test(
  'a proof closes the attempt that caused the mail',
  decides,
  HISTORIES.unproven,
  { given: { ...holdsHome, attempts: [[MILA, openAttempt]] }, link },
  proves([closes(MILA, 'proof', VERA)]),
);
test(
  'a proof closes no later attempt of the same id',
  decides,
  HISTORIES.unproven,
  {
    given: { ...holdsHome, attempts: [[MILA, { ...openAttempt, position: ATTEMPT_AT + 1 }]] },
    link,
  },
  proves(),
);
test(
  'a proof closes no attempt that was closed before',
  decides,
  HISTORIES.unproven,
  { given: { ...holdsHome, attempts: [[MILA, closedBy('not-mine')]] }, link },
  proves(),
);
test(
  'a proof closes no attempt from before an erasure of the address',
  decides,
  HISTORIES.unproven,
  {
    given: {
      claims: { [HOME]: { ...heldBy(VERA), erasedAt: ATTEMPT_AT + 1 } },
      attempts: [[MILA, openAttempt]],
    },
    link,
  },
  proves(),
);
test(
  'a proof closes no attempt that is over',
  decides,
  HISTORIES.unproven,
  { given: holdsHome, link },
  proves(),
);

const disowns = (userId: UserId) =>
  ({
    userId,
    event: {
      name: 'deactivated',
      data: { reasonCode: DISOWNED, address: 'released' },
      personal: null,
    },
  }) as const;
const losesHome = commit({
  accounts: [disowns(VERA)],
  claims: [{ claim: HOME, record: { state: 'released', by: 'disowning' } }],
});
const saysNotMine = { given: holdsHome, said: notMine };
test(
  'disowning releases the address of an unproven account and deactivates it',
  decides,
  HISTORIES.unproven,
  saysNotMine,
  losesHome,
);
test('disowns a deactivated account', decides, [registered(), deactivated], saysNotMine, losesHome);
test('a second disowning changes nothing', decides, HISTORIES.disowned, { said: notMine }, same);
test(
  'a second disowning changes nothing after a reactivation without the address',
  decides,
  [...HISTORIES.disowned, reactivated],
  { said: notMine },
  same,
);
test(
  'no link disowns a proven account',
  decides,
  HISTORIES.proven,
  { said: notMine },
  refuse('address-taken'),
);
test('no link proves a lost address', decides, HISTORIES.disowned, {}, invalid);
test(
  'a deactivated account is not confirmed',
  decides,
  [registered(), deactivated],
  { given: holdsHome },
  refuse('user-deactivated'),
);
for (const [name, value] of Object.entries({
  displayName: 'Vera',
  locale: 'sr',
  termsVersion: '2026-01',
  profile: {},
})) {
  test(
    `${name} is not accepted for an existing account`,
    decides,
    HISTORIES.unproven,
    { given: holdsHome, said: { [name]: value } },
    refuse('invalid-request', [{ pointer: `/${name}`, code: 'not-taken' }]),
  );
}

test('a used link changes nothing', decides, HISTORIES.proven, {}, same);
test(
  'a used link changes nothing after the address changed',
  decides,
  [registered(), verified, changeRequested(), changed()],
  {},
  same,
);
test('a used link changes nothing after a deactivation', decides, HISTORIES.deactivated, {}, same);
test(
  'the first link proves nothing after another address was proven',
  decides,
  [registered(), changeRequested(), changed()],
  {},
  invalid,
);
for (const said of [{}, notMine]) {
  const what = said === notMine ? 'disowns' : 'proves';
  test(
    `a link to a mailbox that was already proven ${what} nothing`,
    decides,
    [registered({ emailVerified: true })],
    { said },
    invalid,
  );
  test(
    `a link of an event that did not request it ${what} nothing`,
    decides,
    HISTORIES.unproven,
    {
      given: holdsHome,
      said,
      link: { request: 'another' },
    },
    said === notMine ? { outcome: 'unchanged' } : invalid,
  );
  test(
    `a link to another address than its event requested ${what} nothing`,
    decides,
    HISTORIES.unproven,
    { given: holdsHome, said, link: { claim: OTHER } },
    invalid,
  );
  for (const status of ['absent', 'erased'] as const) {
    test(
      `a link of an account that is ${status} ${what} nothing`,
      decides,
      HISTORIES[status],
      { said },
      invalid,
    );
  }
}

const wanting = [registered(), verified, changeRequested()];
const change: Link = { claim: WORK, request: 'change' };
const owns: Given = { claims: { [HOME]: heldBy(VERA, true) } };
const firstProof = { locale: 'sr-Latn-RS' };
const changes = (
  more: { keepsHome?: true; disowns?: UserId; firstProof?: typeof firstProof } = {},
): Decision => {
  const isFirst = 'firstProof' in more;
  const data = { request: 'change', ...(isFirst ? { firstProof } : { undoUntil: UNDO_UNTIL }) };
  const personal = { email: 'vera@example.net', claim: WORK };
  const event = { name: 'email-changed', data, personal } as const;
  const released = { state: 'released', by: 'email-change' } as const;
  const release = { claim: HOME, record: isFirst ? released : reservedFor(VERA) };
  return commit({
    accounts: [...(more.disowns ? [disowns(more.disowns)] : []), { userId: VERA, event }],
    claims: [
      { claim: WORK, record: heldBy(VERA, true) },
      ...(more.keepsHome === true ? [] : [release]),
    ],
  });
};
test(
  'proof of a new address moves the claim and reserves the old one',
  decides,
  wanting,
  {
    given: owns,
    link: change,
  },
  changes(),
);
test(
  'an address may change before the first one is proven, which is the first proof',
  decides,
  [registered(), changeRequested()],
  { given: holdsHome, link: change },
  changes({ firstProof }),
);
test(
  'an old address that another account holds now stays with that account',
  decides,
  [...HISTORIES.disowned, reactivated, changeRequested()],
  { given: { claims: { [HOME]: heldBy(MILA, true) } }, link: change },
  changes({ keepsHome: true, firstProof }),
);
test(
  'a disowned account may prove the same address later',
  decides,
  [...HISTORIES.disowned, reactivated, changeRequested('change', HOME)],
  {
    given: { claims: { [HOME]: { state: 'released', by: 'disowning' } } },
    link: { claim: HOME, request: 'change' },
  },
  commit({
    accounts: [
      {
        userId: VERA,
        event: {
          name: 'email-changed',
          data: { request: 'change', firstProof },
          personal: { email: 'vera@example.net', claim: HOME },
        },
      },
    ],
    claims: [{ claim: HOME, record: heldBy(VERA, true) }],
  }),
);

const workIsOf = (proven: boolean, accounts: Given['accounts'] = []): Given => ({
  accounts,
  claims: { ...owns.claims, [WORK]: heldBy(MILA, proven) },
});
for (const holder of [undefined, 'confirm', 'not-mine'] as const) {
  test(
    `a new address that another account has proven is taken (holder: ${holder ?? 'none'})`,
    decides,
    wanting,
    { given: workIsOf(true), link: change, said: holder === undefined ? {} : { holder } },
    refuse('address-taken'),
  );
}
test(
  'a new address that another account holds unproven is reported to the prover',
  decides,
  wanting,
  { given: workIsOf(false), link: change },
  refuse('address-unproven'),
);
test(
  'confirming the holder is refused, because the change would stay pending forever',
  decides,
  wanting,
  { given: workIsOf(false), link: change, said: { holder: 'confirm' } },
  refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }]),
);
test(
  'the holder is looked at before it is disowned',
  decides,
  wanting,
  { given: workIsOf(false), link: change, said: { holder: 'not-mine' } },
  { outcome: 'look', account: MILA },
);
test(
  'the holder is disowned in the commit that changes the address',
  decides,
  wanting,
  {
    given: workIsOf(false, [[MILA, HISTORIES.unproven]]),
    link: change,
    said: { holder: 'not-mine' },
  },
  changes({ disowns: MILA }),
);

test(
  'a disowned change is cancelled',
  decides,
  wanting,
  { given: owns, link: change, said: notMine },
  commit({
    accounts: [
      { userId: VERA, event: { name: 'email-change-cancelled', data: {}, personal: null } },
    ],
  }),
);
test(
  'a deactivated account cannot change its address',
  decides,
  [...wanting, deactivated],
  { given: owns, link: change },
  refuse('user-deactivated'),
);
test(
  'the link of a change that is used again changes nothing',
  decides,
  [...wanting, changed()],
  { link: change },
  same,
);
test(
  'the link of a change changes nothing after the address changed once more',
  decides,
  [...wanting, changed(), changeRequested('newer', OTHER), changed('newer', OTHER)],
  { link: change, given: { claims: { [WORK]: heldBy(JOVAN, true) } } },
  same,
);

const isVoid = test.macro<[readonly Happened[], Link?]>({
  title: (title = '') => `a change proves nothing ${title}`,
  exec: (t, history, more = {}) => {
    t.deepEqual(prove(history, { given: owns, link: { ...change, ...more } }), invalid);
  },
});
test('that a newer request replaced', isVoid, [...wanting, changeRequested('newer', OTHER)]);
test('that was cancelled', isVoid, [...wanting, changeCancelled]);
test('by a link to another address', isVoid, wanting, { claim: OTHER });
test('after an erasure', isVoid, [...wanting, erased]);
test('that was never requested', isVoid, [registered(), verified, disowned]);
