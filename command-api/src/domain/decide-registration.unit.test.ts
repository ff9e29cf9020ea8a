import test from 'ava';
import { decideRegistration, type Register } from './decide-registration.ts';
import { commit, type Decision, refuse } from './decision.ts';
import {
  type Given,
  HISTORIES,
  heldBy,
  HOME,
  MILA,
  openAttempt,
  situationOf,
  summaryOf,
  VERA,
} from './situation.fixture.ts';

const personal = { email: 'vera@example.org', claim: HOME, displayName: 'Vera', profile: { a: 1 } };
const data = {
  fingerprint: 'f'.repeat(43),
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  emailVerified: false,
};
const register: Register = { userId: VERA, ...data, personal };

/** The commit of a registration: event and claim. */
const registers = (more: Partial<Pick<Register, 'emailVerified' | 'mail'>> = {}): Decision =>
  commit({
    accounts: [
      { userId: VERA, event: { name: 'registered', data: { ...data, ...more }, personal } },
    ],
    claims: [{ claim: HOME, record: heldBy(VERA, more.emailVerified ?? false) }],
  });

const decides = test.macro<[Given, Decision, Partial<Register>?]>({
  title: (title = '') => title,
  exec: (t, given, expected, more) => {
    t.deepEqual(decideRegistration({ ...register, ...more }, situationOf(given)), expected);
  },
});

test('a free address is held unproven from now on', decides, {}, registers());
for (const by of ['erasure', 'email-change', 'disowning'] as const) {
  test(
    `an address that was released by ${by} is held from now on`,
    decides,
    { claims: { [HOME]: { state: 'released', by } } },
    registers(),
  );
}
test(
  'a mailbox that the caller has proven is proven in event and claim',
  decides,
  {},
  registers({ emailVerified: true }),
  { emailVerified: true },
);
test(
  'the event records that the person must not get mail',
  decides,
  {},
  registers({ mail: 'none' }),
  {
    mail: 'none',
  },
);
for (const verified of [false, true]) {
  test(
    `an address that another account holds ${verified ? 'proven' : 'unproven'} is taken`,
    decides,
    { claims: { [HOME]: heldBy(MILA, verified) } },
    refuse('address-taken'),
  );
}
test(
  'an attempt does not hold its address',
  decides,
  { attempts: [[MILA, openAttempt]] },
  registers(),
);

for (const [status, history] of Object.entries(HISTORIES)) {
  test(`a registration of an account that is ${status} ${status === 'absent' ? 'creates it' : 'changes nothing'}`, (t) => {
    const claims = [
      heldBy(VERA),
      heldBy(MILA, true),
      { state: 'released', by: 'erasure' } as const,
    ];
    for (const claim of status === 'absent' ? claims.slice(-1) : claims) {
      const given: Given = { accounts: [[VERA, history]], claims: { [HOME]: claim } };
      const summary = summaryOf(decideRegistration(register, situationOf(given)));
      t.is(summary, status === 'absent' ? 'registered' : 'unchanged');
    }
  });
}
