import type { ClaimRecord } from '@zameni/contracts';
import test from 'ava';
import { decideResend } from './decide-resend.ts';
import type { Decision } from './decision.ts';
import {
  type Happened,
  HISTORIES,
  heldBy,
  HOME,
  JOVAN,
  MILA,
  OLD,
  situationOf,
  userIdOf,
  VERA,
} from './situation.fixture.ts';

const DECOY = userIdOf(99);
const wishOn = (userId: typeof VERA, attempt: string): Decision => ({
  outcome: 'commit',
  accounts: [
    { userId, event: { name: 'verification-requested', data: { attempt }, personal: null } },
  ],
  claims: [],
});
const onDecoy = wishOn(DECOY, DECOY);

const decides = test.macro<
  [
    {
      claim?: ClaimRecord;
      accounts?: readonly (readonly [typeof VERA, readonly Happened[]])[];
      isWithinLimit?: boolean;
    },
    Decision,
  ]
>({
  title: (title = '') => title,
  exec: (t, { claim, accounts = [], isWithinLimit = true }, expected) => {
    const command = { claim: HOME, decoy: DECOY, isWithinLimit };
    const claims = claim === undefined ? {} : { [HOME]: claim };
    t.deepEqual(
      decideResend(command, situationOf({ accounts: [[DECOY, []], ...accounts], claims })),
      expected,
    );
  },
});

test('of a free address the wish lies on the decoy', decides, {}, onDecoy);
test(
  'of a proven one too',
  decides,
  { claim: heldBy(VERA, { verified: true }), accounts: [[VERA, HISTORIES.proven]] },
  onDecoy,
);
test(
  'who waits for proof is looked at first',
  decides,
  { claim: heldBy(VERA) },
  { outcome: 'look', accounts: [VERA] },
);
test(
  'who waits for proof gets the mail',
  decides,
  { claim: heldBy(VERA), accounts: [[VERA, HISTORIES.active]] },
  wishOn(VERA, 'registration'),
);
test('of several each gets one, whoever began it', (t) => {
  const command = { claim: HOME, decoy: DECOY, isWithinLimit: true };
  const claims = { [HOME]: heldBy(VERA, { contenders: [MILA, JOVAN] }) };
  const accounts = [
    [VERA, HISTORIES.active],
    [MILA, HISTORIES.erased],
    [JOVAN, HISTORIES.pending],
  ] as const;
  const decision = decideResend(command, situationOf({ accounts, claims }));
  if (decision.outcome !== 'commit') return t.fail();
  t.deepEqual(
    decision.accounts.map(({ userId }) => userId),
    [VERA, JOVAN],
  );
});
test(
  'an expired claim that nobody took still waits',
  decides,
  { claim: heldBy(VERA, { since: OLD }), accounts: [[VERA, HISTORIES.active]] },
  wishOn(VERA, 'registration'),
);
test(
  'beyond the limit the wish lies on the decoy',
  decides,
  { claim: heldBy(VERA), accounts: [[VERA, HISTORIES.active]], isWithinLimit: false },
  onDecoy,
);
for (const status of ['proven', 'deactivated', 'superseded', 'erased', 'absent'] as const) {
  test(
    `of an account that is ${status} the wish lies on the decoy`,
    decides,
    { claim: heldBy(VERA), accounts: [[VERA, HISTORIES[status]]] },
    onDecoy,
  );
}

test('the decoy is looked at like anybody, so that both take the same steps', (t) => {
  const command = { claim: HOME, decoy: DECOY, isWithinLimit: true };
  t.deepEqual(decideResend(command, situationOf({})), { outcome: 'look', accounts: [DECOY] });
});
