import { MAX_CONTENDERS, type UserId } from '@zameni/contracts';
import test from 'ava';
import { decideVerification } from './decide-verification.ts';
import type { Decision } from './decision.ts';
import {
  changed,
  changeRequested,
  dataOf,
  type Given,
  type Happened,
  HISTORIES,
  heldBy,
  HOME,
  JOVAN,
  MILA,
  NOW,
  OLD,
  OTHER,
  registered,
  situationOf,
  superseded,
  summaryOf,
  userIdOf,
  VERA,
  verified,
  WORK,
} from './situation.fixture.ts';

type When = { readonly claim?: string; readonly attempt?: string };

/** Vera proves a mailbox, given her history and the rest of the situation. */
function prove(history: readonly Happened[], given: Given, when: When = {}): Decision {
  const { claim = HOME, attempt = 'registration' } = when;
  const accounts = [[VERA, history] as const, ...(given.accounts ?? [])];
  const command = { userId: VERA, claim, attempt, time: NOW, data: dataOf(history) };
  return decideVerification(command, situationOf({ ...given, accounts }));
}

const decides = test.macro<[readonly Happened[], Given, Decision, When?]>({
  title: (title = '') => title,
  exec: (t, history, given, expected, when) => {
    t.deepEqual(prove(history, given, when), expected);
  },
});

const verifiedEvent = {
  userId: VERA,
  event: { name: 'email-verified', data: { attempt: 'registration' }, personal: null },
} as const;
const changedEvent = {
  userId: VERA,
  event: {
    name: 'email-changed',
    data: { attempt: 'change' },
    personal: { email: 'vera@example.net', claim: WORK },
  },
} as const;
const loses = (userId: UserId) =>
  ({ userId, event: { name: 'superseded', data: { by: 'proof' }, personal: null } }) as const;
const owns = (claim: string) => ({ claim, record: heldBy(VERA, { verified: true, since: NOW }) });
const proves: Decision = { outcome: 'commit', accounts: [verifiedEvent], claims: [owns(HOME)] };

test(
  'proof makes the address her own',
  decides,
  HISTORIES.active,
  { claims: { [HOME]: heldBy(VERA) } },
  proves,
);
test(
  'proof counts after the claim has expired, while nobody took it',
  decides,
  HISTORIES.active,
  { claims: { [HOME]: heldBy(VERA, { since: OLD }) } },
  proves,
);
test(
  'a contender proves an address that was given up since',
  decides,
  HISTORIES.pending,
  { claims: { [HOME]: { state: 'released' } } },
  proves,
);
test(
  'before others lose the address they are looked at',
  decides,
  HISTORIES.pending,
  { claims: { [HOME]: heldBy(MILA, { contenders: [JOVAN, VERA] }) } },
  { outcome: 'look', accounts: [MILA, JOVAN] },
);
test(
  'a contender who proves the mailbox takes the address from holder and contenders in one commit',
  decides,
  HISTORIES.pending,
  {
    accounts: [
      [MILA, HISTORIES.active],
      [JOVAN, HISTORIES.pending],
    ],
    claims: { [HOME]: heldBy(MILA, { contenders: [JOVAN, VERA] }) },
  },
  { outcome: 'commit', accounts: [verifiedEvent, loses(MILA), loses(JOVAN)], claims: [owns(HOME)] },
);
test(
  'the holder who proves it first ends the waiting of the others',
  decides,
  HISTORIES.active,
  {
    accounts: [[MILA, HISTORIES.pending]],
    claims: { [HOME]: heldBy(VERA, { contenders: [MILA] }) },
  },
  { outcome: 'commit', accounts: [verifiedEvent, loses(MILA)], claims: [owns(HOME)] },
);
test(
  'a contender who made room for newer ones still may prove it',
  decides,
  HISTORIES.pending,
  { accounts: [[MILA, HISTORIES.active]], claims: { [HOME]: heldBy(MILA) } },
  { outcome: 'commit', accounts: [verifiedEvent, loses(MILA)], claims: [owns(HOME)] },
);
test(
  'who is erased or superseded already loses nothing more',
  decides,
  HISTORIES.pending,
  {
    accounts: [
      [MILA, HISTORIES.erased],
      [JOVAN, HISTORIES.superseded],
    ],
    claims: { [HOME]: heldBy(MILA, { contenders: [JOVAN, VERA] }) },
  },
  proves,
);
test(
  'proof of a mailbox that somebody else has proven supersedes the attempt',
  decides,
  HISTORIES.pending,
  { claims: { [HOME]: heldBy(MILA, { verified: true }) } },
  { outcome: 'commit', accounts: [loses(VERA)], claims: [] },
);
test('a takeover fits the bound of one commit', (t) => {
  const contenders = Array.from({ length: MAX_CONTENDERS }, (_, n) => userIdOf(10 + n));
  const accounts = [MILA, ...contenders].map((id) => [id, HISTORIES.pending] as const);
  const decision = prove([...HISTORIES.pending], {
    accounts,
    claims: { [HOME]: heldBy(MILA, { contenders }) },
  });
  t.is(decision.outcome === 'commit' && decision.accounts.length, MAX_CONTENDERS + 2);
});

const same = { outcome: 'unchanged' } as const;
const withOwn = { claims: { [HOME]: heldBy(VERA, { verified: true }) } };
test('a token used again changes nothing', decides, HISTORIES.proven, withOwn, same);
test('a token of no attempt of hers changes nothing', decides, HISTORIES.active, {}, same, {
  attempt: 'another',
});
test(
  'a token that names another address than the attempt changes nothing',
  decides,
  HISTORIES.active,
  { claims: { [HOME]: heldBy(VERA) } },
  same,
  { claim: OTHER },
);
for (const status of ['absent', 'refused', 'deactivated', 'superseded', 'erased'] as const) {
  test(
    `a proof for an account that is ${status} changes nothing`,
    decides,
    HISTORIES[status],
    {},
    same,
  );
}

const wanting = [registered(), verified, changeRequested()];
const change = { claim: WORK, attempt: 'change' };
test(
  'proof of a new address moves the claim and releases the old one',
  decides,
  wanting,
  withOwn,
  {
    outcome: 'commit',
    accounts: [changedEvent],
    claims: [owns(WORK), { claim: HOME, record: { state: 'released' } }],
  },
  change,
);
test(
  'an address may change before the first one is proven, and who waited for that one still may prove it',
  decides,
  [registered(), changeRequested()],
  { claims: { [HOME]: heldBy(VERA, { contenders: [MILA] }) } },
  {
    outcome: 'commit',
    accounts: [changedEvent],
    claims: [owns(WORK), { claim: HOME, record: { state: 'released' } }],
  },
  change,
);
test(
  'an old address that somebody else has by now stays with them',
  decides,
  wanting,
  { claims: { [HOME]: heldBy(MILA, { verified: true }) } },
  { outcome: 'commit', accounts: [changedEvent], claims: [owns(WORK)] },
  change,
);
test(
  'proof of a new address that somebody holds unproven takes it from them',
  decides,
  wanting,
  {
    accounts: [
      [MILA, HISTORIES.active],
      [JOVAN, HISTORIES.pending],
    ],
    claims: { ...withOwn.claims, [WORK]: heldBy(MILA, { contenders: [JOVAN] }) },
  },
  {
    outcome: 'commit',
    accounts: [changedEvent, loses(MILA), loses(JOVAN)],
    claims: [owns(WORK), { claim: HOME, record: { state: 'released' } }],
  },
  change,
);
test(
  'a new address that somebody else proved meanwhile is refused, and the old one stays',
  decides,
  wanting,
  { claims: { ...withOwn.claims, [WORK]: heldBy(MILA, { verified: true }) } },
  { outcome: 'refused', code: 'address-taken' },
  change,
);
test(
  'the same address in another spelling changes without a release',
  decides,
  [registered(), verified, changeRequested('change', HOME)],
  withOwn,
  {
    outcome: 'commit',
    accounts: [
      {
        ...changedEvent,
        event: { ...changedEvent.event, personal: { email: 'vera@example.net', claim: HOME } },
      },
    ],
    claims: [owns(HOME)],
  },
  { claim: HOME, attempt: 'change' },
);

const overtaken = test.macro<[readonly Happened[], When]>({
  title: (title = '') => title,
  exec: (t, history, when) => {
    t.is(summaryOf(prove(history, withOwn, when)), 'unchanged');
  },
});
test(
  'a change that a newer wish has overtaken changes nothing',
  overtaken,
  [...wanting, changeRequested('newer', OTHER)],
  change,
);
test('a change used again changes nothing', overtaken, [...wanting, changed()], change);
test('a change with the claim of another address changes nothing', overtaken, wanting, {
  ...change,
  claim: OTHER,
});
test(
  'the first token changes nothing once another address is proven',
  overtaken,
  [registered(), changeRequested(), changed()],
  {},
);
test(
  'a change of somebody superseded changes nothing',
  overtaken,
  [...wanting, superseded()],
  change,
);
