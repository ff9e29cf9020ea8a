import { MAX_CONTENDERS } from '@zameni/contracts';
import test from 'ava';
import { decideRegistration, type Register } from './decide-registration.ts';
import type { Decision } from './decision.ts';
import {
  type Given,
  HISTORIES,
  heldBy,
  HOME,
  JOVAN,
  MILA,
  NOW,
  OLD,
  situationOf,
  summaryOf,
  userIdOf,
  VERA,
  YOUNG,
} from './situation.fixture.ts';

const fingerprint = 'f'.repeat(43);
const personal = { email: 'vera@example.org', claim: HOME, displayName: 'Vera', profile: { a: 1 } };
const register: Register = {
  userId: VERA,
  time: NOW,
  fingerprint,
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  personal,
};
const registeredAs = (standing: 'held' | 'contested') => ({
  userId: VERA,
  event: {
    name: 'registered',
    data: { locale: 'sr-Latn-RS', termsVersion: '2026-01', fingerprint, standing },
    personal,
  } as const,
});
const held = { claim: HOME, record: heldBy(VERA, { since: NOW }) };
const supersededByExpiry = (userId: typeof VERA) => ({
  userId,
  event: { name: 'superseded', data: { by: 'expiry' }, personal: null } as const,
});

const decides = test.macro<[Given, Decision]>({
  title: (title = '') => title,
  exec: (t, given, expected) => {
    t.deepEqual(decideRegistration(register, situationOf(given)), expected);
  },
});

const holds: Decision = { outcome: 'commit', accounts: [registeredAs('held')], claims: [held] };
test('a free address is held from now on', decides, {}, holds);
test(
  'a released address is held from now on',
  decides,
  { claims: { [HOME]: { state: 'released' } } },
  holds,
);
test(
  'an address that somebody holds unproven is contested, and its claim keeps its age',
  decides,
  { claims: { [HOME]: heldBy(MILA) } },
  {
    outcome: 'commit',
    accounts: [registeredAs('contested')],
    claims: [{ claim: HOME, record: heldBy(MILA, { since: YOUNG, contenders: [VERA] }) }],
  },
);
test(
  'who contests waits behind those before',
  decides,
  { claims: { [HOME]: heldBy(MILA, { contenders: [JOVAN] }) } },
  {
    outcome: 'commit',
    accounts: [registeredAs('contested')],
    claims: [{ claim: HOME, record: heldBy(MILA, { contenders: [JOVAN, VERA] }) }],
  },
);
test(
  'contesting a claim of the first days begins its lifetime',
  decides,
  { claims: { [HOME]: { state: 'held', userId: MILA, verified: false } } },
  {
    outcome: 'commit',
    accounts: [registeredAs('contested')],
    claims: [{ claim: HOME, record: heldBy(MILA, { since: NOW, contenders: [VERA] }) }],
  },
);
test(
  'a proven address is taken: refused without personal data, and the claim stays as it is',
  decides,
  { claims: { [HOME]: heldBy(MILA, { verified: true, since: OLD }) } },
  {
    outcome: 'commit',
    accounts: [
      {
        userId: VERA,
        event: {
          name: 'registration-refused',
          data: { reason: 'address-taken', fingerprint },
          personal: null,
        },
      },
    ],
    claims: [],
  },
);
test(
  'before an expired claim is taken over its holder is looked at',
  decides,
  { claims: { [HOME]: heldBy(MILA, { since: OLD, contenders: [JOVAN] }) } },
  { outcome: 'look', accounts: [MILA] },
);
test(
  'an expired claim is taken over and its holder superseded; who waits to prove it still may',
  decides,
  {
    accounts: [[MILA, HISTORIES.active]],
    claims: { [HOME]: heldBy(MILA, { since: OLD, contenders: [JOVAN] }) },
  },
  {
    outcome: 'commit',
    accounts: [registeredAs('held'), supersededByExpiry(MILA)],
    claims: [{ ...held, record: heldBy(VERA, { since: NOW, contenders: [JOVAN] }) }],
  },
);
test(
  'a deactivated holder loses an expired claim too',
  decides,
  {
    accounts: [[MILA, HISTORIES.deactivated]],
    claims: { [HOME]: heldBy(MILA, { since: OLD }) },
  },
  {
    outcome: 'commit',
    accounts: [registeredAs('held'), supersededByExpiry(MILA)],
    claims: [held],
  },
);
for (const status of ['erased', 'superseded'] as const) {
  test(
    `a holder who is ${status} has nothing to lose`,
    decides,
    {
      accounts: [[MILA, HISTORIES[status]]],
      claims: { [HOME]: heldBy(MILA, { since: OLD }) },
    },
    { outcome: 'commit', accounts: [registeredAs('held')], claims: [held] },
  );
}

test('the oldest contender makes room, so that a claim keeps its bound', (t) => {
  const contenders = Array.from({ length: MAX_CONTENDERS }, (_, n) => userIdOf(10 + n));
  const decision = decideRegistration(
    register,
    situationOf({ claims: { [HOME]: heldBy(MILA, { contenders }) } }),
  );
  if (decision.outcome !== 'commit') return t.fail();
  t.deepEqual(
    decision.claims[0]?.record,
    heldBy(MILA, { contenders: [...contenders.slice(1), VERA] }),
  );
});

for (const [status, history] of Object.entries(HISTORIES)) {
  test(`registering an account that is ${status} ${status === 'absent' ? 'begins it' : 'changes nothing'}`, (t) => {
    for (const claim of [heldBy(MILA, { since: OLD }), { state: 'released' } as const]) {
      const given = {
        accounts: [[VERA, history] as const, [MILA, []] as const],
        claims: { [HOME]: claim },
      };
      const summary = summaryOf(decideRegistration(register, situationOf(given)));
      t.is(summary, status === 'absent' ? 'registered' : 'unchanged');
    }
  });
}

test('who is not to be mailed is registered so', (t) => {
  const decision = decideRegistration({ ...register, mail: 'none' }, situationOf({}));
  const { event } = registeredAs('held');
  const quiet = { ...event, data: { ...event.data, mail: 'none' as const } };
  t.deepEqual(decision, { ...holds, accounts: [{ userId: VERA, event: quiet }] });
});
