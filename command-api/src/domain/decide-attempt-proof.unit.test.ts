import { DISOWNED, type UserId } from '@zameni/contracts';
import test from 'ava';
import { decideAttemptProof } from './decide-attempt-proof.ts';
import { type Commit, commit, type Decision, refuse } from './decision.ts';
import {
  ATTEMPT_AT,
  closedBy,
  closes,
  deactivated,
  EXPIRES,
  type Given,
  HISTORIES,
  heldBy,
  HOME,
  JOVAN,
  MILA,
  openAttempt,
  registered,
  situationOf,
  VERA,
} from './situation.fixture.ts';
import type { Said } from './verification.ts';

/** Decides a proof by the link of Vera's attempt, given the rest of the situation. */
function prove(given: Given, said: Said = {}, position = ATTEMPT_AT): Decision {
  const attempts = given.attempts ?? [[VERA, openAttempt]];
  const command = { id: VERA, claim: HOME, position, said };
  return decideAttemptProof(command, situationOf({ ...given, attempts }));
}

const decides = test.macro<[Given, Decision, Said?, number?]>({
  title: (title = '') => title,
  exec: (t, given, expected, said, position) => {
    t.deepEqual(prove(given, said, position), expected);
  },
});

const invalid = refuse('invalid-verification-token');
const same: Decision = { outcome: 'unchanged' };

/** Claim, account and closed attempt of a registration, with the prover's own data. */
const registers = (said: Said = {}): Commit => {
  const { displayName = 'Somebody', locale = 'en', termsVersion = '2025-01' } = said;
  const { profile = { city: 'Anywhere' } } = said;
  const { fingerprint } = openAttempt;
  const { email } = openAttempt.data;
  const data = { locale, termsVersion, fingerprint, emailVerified: true, attempt: ATTEMPT_AT };
  const personal = { email, claim: HOME, displayName, profile };
  return commit({
    accounts: [{ userId: VERA, event: { name: 'registered', data, personal } }],
    claims: [{ claim: HOME, record: heldBy(VERA, true) }],
    attempts: [closes(VERA, 'proof', VERA)],
  });
};

test(
  'proof of a free address creates the account and closes the attempt',
  decides,
  {},
  registers(),
);
for (const by of ['email-change', 'disowning'] as const) {
  test(
    `proof of an address that was released by ${by} before creates the account`,
    decides,
    { claims: { [HOME]: { state: 'released', by } } },
    registers(),
  );
}
const erasedAt = ATTEMPT_AT + 1;
for (const [name, record] of [
  ['released by it', { state: 'released', by: 'erasure' }],
  ['released again', { state: 'released', by: 'email-change', erasedAt }],
  ['held again', { ...heldBy(MILA, false), erasedAt }],
  ['proven again', { ...heldBy(MILA, true), erasedAt }],
] as const) {
  test(
    `an erasure of the address, now ${name}, voids older attempts`,
    decides,
    { claims: { [HOME]: record } },
    invalid,
  );
}
test(
  'an erasure of the address voids no newer attempt',
  decides,
  { claims: { [HOME]: { state: 'released', by: 'email-change', erasedAt: ATTEMPT_AT - 1 } } },
  registers(),
);
test(
  'confirm is refused for a free address, which has no holder',
  decides,
  {},
  refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }]),
  { holder: 'confirm' },
);
test(
  'a prover who disowns the holder registers if the address is free by then',
  decides,
  {},
  registers(),
  { holder: 'not-mine' },
);
for (const [name, attempt] of [
  ['is over', { state: 'over', position: ATTEMPT_AT, of: ATTEMPT_AT, expiresAt: EXPIRES }],
  ['became void', { state: 'void', position: 9, of: ATTEMPT_AT, expiresAt: EXPIRES }],
] as const) {
  test(
    `an attempt that ${name} cannot be proven`,
    decides,
    { attempts: [[VERA, attempt]] },
    invalid,
  );
}

const everything: Said = {
  displayName: 'Vera',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: {},
};
test('the prover’s data replaces the attempt’s', decides, {}, registers(everything), everything);
test(
  'data that the prover leaves out stays as in the attempt',
  decides,
  {},
  registers({ termsVersion: '2026-01' }),
  { termsVersion: '2026-01' },
);

const heldByMila = (verified: boolean, more: Given = {}): Given => ({
  claims: { [HOME]: heldBy(MILA, verified) },
  ...more,
});
const milaIs = (history: NonNullable<Given['accounts']>[number][1]): Given =>
  heldByMila(false, { accounts: [[MILA, history]] });
const milaIsUnproven = milaIs(HISTORIES.unproven);

for (const holder of [undefined, 'confirm', 'not-mine'] as const) {
  test(
    `a proven account keeps its address (holder: ${holder ?? 'none'})`,
    decides,
    heldByMila(true),
    refuse('address-taken'),
    holder === undefined ? {} : { holder },
  );
  test(
    `an unproven holder is looked at before the decision (holder: ${holder ?? 'none'})`,
    decides,
    heldByMila(false),
    { outcome: 'look', account: MILA },
    holder === undefined ? {} : { holder },
  );
}
test(
  'an unproven account that holds the address is reported to the prover',
  decides,
  milaIsUnproven,
  refuse('address-unproven'),
);

const confirms = (userId: UserId): Decision => ({
  ...commit({
    accounts: [
      {
        userId,
        event: {
          name: 'email-verified',
          data: { request: 'registration', locale: 'sr-Latn-RS' },
          personal: null,
        },
      },
    ],
    claims: [{ claim: HOME, record: heldBy(userId, true) }],
    attempts: [closes(VERA, 'proof', userId)],
  }),
  subject: userId,
});
test(
  'confirming the holder proves its mailbox and closes the attempt for it',
  decides,
  milaIsUnproven,
  confirms(MILA),
  { holder: 'confirm' },
);
test(
  'a deactivated account cannot be confirmed',
  decides,
  milaIs([registered(), deactivated]),
  refuse('user-deactivated'),
  { holder: 'confirm' },
);
for (const [name, value] of Object.entries(everything)) {
  test(
    `${name} is not accepted for an existing account`,
    decides,
    milaIsUnproven,
    refuse('invalid-request', [{ pointer: `/${name}`, code: 'not-taken' }]),
    { holder: 'confirm', [name]: value },
  );
}

const disowns = (userId: UserId) =>
  ({
    userId,
    event: {
      name: 'deactivated',
      data: { reasonCode: DISOWNED, address: 'released' },
      personal: null,
    },
  }) as const;
test(
  'disowning the holder deactivates it and gives its address to the prover, in one commit',
  decides,
  milaIsUnproven,
  { ...registers(everything), accounts: [disowns(MILA), ...registers(everything).accounts] },
  { holder: 'not-mine', ...everything },
);
test(
  'a deactivated account that holds the address unproven can be disowned',
  decides,
  milaIs([registered(), deactivated]),
  { ...registers(), accounts: [disowns(MILA), ...registers().accounts] },
  { holder: 'not-mine' },
);

const notMine: Said = { notMine: true };
const closesAsNotMine = commit({ attempts: [closes(VERA, 'not-mine')] });
test('a disowned attempt is closed', decides, {}, closesAsNotMine, notMine);
for (const verified of [false, true]) {
  test(
    `a disowned attempt is closed, and a holder keeps the address ${verified ? 'proven' : 'unproven'}`,
    decides,
    heldByMila(verified),
    closesAsNotMine,
    notMine,
  );
}

const other = ATTEMPT_AT + 1;
test('an older link does not prove a later attempt', decides, {}, invalid, {}, other);
test('an older link does not close a later attempt', decides, {}, invalid, notMine, other);
test('an attempt that is over proves nothing', decides, { attempts: [] }, invalid);
test('an attempt that is over cannot be disowned', decides, { attempts: [] }, invalid, notMine);

const closed = (...about: Parameters<typeof closedBy>): Given => ({
  attempts: [[VERA, closedBy(...about)]],
});
const joined: Given = { accounts: [[VERA, HISTORIES.joined]] };
test('a second use changes nothing', decides, { ...closed('proof', VERA), ...joined }, same);
test(
  'a second use changes nothing after the records of the attempt are gone',
  decides,
  { attempts: [], ...joined },
  same,
);
test(
  'a second use changes nothing, with any data of the prover',
  decides,
  { ...closed('proof', VERA), ...joined },
  same,
  everything,
);
test(
  'an account that the prover has proven cannot be disowned',
  decides,
  { ...closed('proof', VERA), ...joined },
  refuse('address-taken'),
  notMine,
);
test(
  'an account of this id from another attempt does not match',
  decides,
  { accounts: [[VERA, [registered({ emailVerified: true, attempt: other })]]] },
  invalid,
);
test(
  'a vouched account of this id does not match',
  decides,
  { accounts: [[VERA, HISTORIES.unproven]] },
  invalid,
);
test(
  'the link is void after the erasure of the account',
  decides,
  { ...closed('proof', VERA), accounts: [[VERA, HISTORIES.erased]] },
  invalid,
);

const confirmed = closed('proof', MILA);
test('a second use of a link that confirmed an account looks at it', decides, confirmed, {
  outcome: 'look',
  account: MILA,
});
test(
  'a second use of a link that confirmed an account answers with it',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.proven]] },
  { outcome: 'unchanged', subject: MILA },
);
test(
  'a second use answers with that account after another one got the address',
  decides,
  {
    ...confirmed,
    accounts: [[MILA, HISTORIES.proven]],
    claims: { [HOME]: heldBy(JOVAN, true) },
  },
  { outcome: 'unchanged', subject: MILA },
);
test(
  'the link is void after the erasure of the confirmed account',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.erased]] },
  invalid,
);
test(
  'a confirmed account cannot be disowned by the same link',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.proven]] },
  refuse('address-taken'),
  notMine,
);
test(
  'a confirmed account cannot be disowned after its erasure',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.erased]] },
  invalid,
  notMine,
);
test('a closed attempt of another position does not match', decides, confirmed, invalid, {}, other);

test('a link proves nothing after its attempt was disowned', decides, closed('not-mine'), invalid);
test('a second disowning changes nothing', decides, closed('not-mine'), same, notMine);
test('a link proves nothing after its attempt was erased', decides, closed('erasure'), invalid);
test('an erased attempt cannot be disowned', decides, closed('erasure'), invalid, notMine);
