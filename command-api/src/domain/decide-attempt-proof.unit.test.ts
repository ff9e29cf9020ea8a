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

/** The link of Vera's attempt comes back, given the rest of the situation. */
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

/** Claim, account and closed attempt of a registration, with what the prover said of themselves. */
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

test('proof of a free address makes the account and closes the attempt', decides, {}, registers());
for (const by of ['email-change', 'disowning'] as const) {
  test(
    `so does proof of an address that was released by ${by} before`,
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
    `an erasure of the address, now ${name}, voids the attempts from before it`,
    decides,
    { claims: { [HOME]: record } },
    invalid,
  );
}
test(
  'an erasure of the address voids no attempt from behind it',
  decides,
  { claims: { [HOME]: { state: 'released', by: 'email-change', erasedAt: ATTEMPT_AT - 1 } } },
  registers(),
);
test(
  'on a free address there is nobody to confirm',
  decides,
  {},
  refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }]),
  { holder: 'confirm' },
);
test(
  'who said that the holder was not theirs registers once the address is free',
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
    `an attempt that ${name} is proven by nobody`,
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
test(
  'the words of the prover replace the attempt’s',
  decides,
  {},
  registers(everything),
  everything,
);
test(
  'what the prover leaves out stays as the attempt has it',
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
    `a proven account keeps its address (${holder ?? 'nothing'} is said)`,
    decides,
    heldByMila(true),
    refuse('address-taken'),
    holder === undefined ? {} : { holder },
  );
  test(
    `an unproven holder is looked at before anything is decided (${holder ?? 'nothing'} is said)`,
    decides,
    heldByMila(false),
    { outcome: 'look', account: MILA },
    holder === undefined ? {} : { holder },
  );
}
test(
  'an unproven account in the way is reported to the prover',
  decides,
  milaIsUnproven,
  refuse('address-unproven'),
);

const confirms = (userId: UserId): Decision => ({
  ...commit({
    accounts: [
      {
        userId,
        event: { name: 'email-verified', data: { request: 'registration' }, personal: null },
      },
    ],
    claims: [{ claim: HOME, record: heldBy(userId, true) }],
    attempts: [closes(VERA, 'proof', userId)],
  }),
  subject: userId,
});
test(
  'to confirm it proves its mailbox and closes the attempt in its favour',
  decides,
  milaIsUnproven,
  confirms(MILA),
  { holder: 'confirm' },
);
test(
  'a deactivated account is confirmed by nobody',
  decides,
  milaIs([registered(), deactivated]),
  refuse('user-deactivated'),
  { holder: 'confirm' },
);
for (const [name, value] of Object.entries(everything)) {
  test(
    `${name} is not taken for an account that is there`,
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
  'to disown it deactivates it and gives its address to the prover, in one commit',
  decides,
  milaIsUnproven,
  { ...registers(everything), accounts: [disowns(MILA), ...registers(everything).accounts] },
  { holder: 'not-mine', ...everything },
);
test(
  'a deactivated account that holds the address unproven is disowned too',
  decides,
  milaIs([registered(), deactivated]),
  { ...registers(), accounts: [disowns(MILA), ...registers().accounts] },
  { holder: 'not-mine' },
);

const notMine: Said = { notMine: true };
const closesAsNotMine = commit({ attempts: [closes(VERA, 'not-mine')] });
test('an attempt that is not mine is closed', decides, {}, closesAsNotMine, notMine);
for (const verified of [false, true]) {
  test(
    `also where somebody holds the address ${verified ? 'proven' : 'unproven'}, who keeps it`,
    decides,
    heldByMila(verified),
    closesAsNotMine,
    notMine,
  );
}

const other = ATTEMPT_AT + 1;
test('an older link does not open a later attempt', decides, {}, invalid, {}, other);
test('nor does it close it', decides, {}, invalid, notMine, other);
test('an attempt that is over proves nothing', decides, { attempts: [] }, invalid);
test('an attempt that is over cannot be disowned', decides, { attempts: [] }, invalid, notMine);

const closed = (...about: Parameters<typeof closedBy>): Given => ({
  attempts: [[VERA, closedBy(...about)]],
});
const joined: Given = { accounts: [[VERA, HISTORIES.joined]] };
test('a second use changes nothing', decides, { ...closed('proof', VERA), ...joined }, same);
test(
  'nor does it after the records of the attempt are gone',
  decides,
  { attempts: [], ...joined },
  same,
);
test(
  'whatever the prover says, after the proof it is too late',
  decides,
  { ...closed('proof', VERA), ...joined },
  same,
  everything,
);
test(
  'nobody disowns what they have proven',
  decides,
  { ...closed('proof', VERA), ...joined },
  refuse('address-taken'),
  notMine,
);
test(
  'an account of this id that came of another attempt is not meant',
  decides,
  { accounts: [[VERA, [registered({ emailVerified: true, attempt: other })]]] },
  invalid,
);
test(
  'an account of this id that was vouched for is not meant',
  decides,
  { accounts: [[VERA, HISTORIES.unproven]] },
  invalid,
);
test(
  'after the erasure of the account the link is void',
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
  'and answers with that account',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.proven]] },
  { outcome: 'unchanged', subject: MILA },
);
test(
  'also where somebody else has the address by then',
  decides,
  {
    ...confirmed,
    accounts: [[MILA, HISTORIES.proven]],
    claims: { [HOME]: heldBy(JOVAN, true) },
  },
  { outcome: 'unchanged', subject: MILA },
);
test(
  'after the erasure of that account it is void',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.erased]] },
  invalid,
);
test(
  'nor is it disowned by then',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.proven]] },
  refuse('address-taken'),
  notMine,
);
test(
  'after the erasure it is not disowned either',
  decides,
  { ...confirmed, accounts: [[MILA, HISTORIES.erased]] },
  invalid,
  notMine,
);
test('a closed attempt of another position is not meant', decides, confirmed, invalid, {}, other);

test('a link proves nothing after its attempt was not mine', decides, closed('not-mine'), invalid);
test('to say so again changes nothing', decides, closed('not-mine'), same, notMine);
test('a link proves nothing after its attempt was erased', decides, closed('erasure'), invalid);
test('nor can it be disowned', decides, closed('erasure'), invalid, notMine);
