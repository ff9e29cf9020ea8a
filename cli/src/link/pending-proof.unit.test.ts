import { type AccountFact, type EventName, parseUserId, type StoredEvent } from '@zameni/contracts';
import test from 'ava';
import { findHeldProof, findPendingProof, findPendingUndo, type NoProof } from './pending-proof.ts';

const userId = parseUserId('01980000-0000-7000-8000-000000000001');

/** Events by name. Some names exist only in these tests, for events with other data. */
type Step = EventName | keyof typeof variants;

const registered = {
  locale: 'sl-SI',
  termsVersion: '2026-01',
  fingerprint: 'f'.repeat(43),
  emailVerified: false,
};

const variants = {
  'registered proven': { name: 'registered', data: { ...registered, emailVerified: true } },
  disowned: { name: 'deactivated', data: { reasonCode: 'address-disowned', address: 'released' } },
} as const satisfies Record<string, AccountFact>;

function isVariant(step: Step): step is keyof typeof variants {
  return Object.hasOwn(variants, step);
}

/** Events of one account in order. Their ids count from 1. */
function history(...steps: readonly Step[]): StoredEvent[] {
  return steps.map((step, index) => {
    if (userId === undefined) throw new Error('not a user id');
    const { name, data } = isVariant(step)
      ? variants[step]
      : { name: step, data: step === 'registered' ? registered : {} };
    return {
      metadata: {
        id: String(index + 1),
        userId,
        time: '2026-03-04T05:06:07.089Z',
        causationId: 'request-1',
        actor: { type: 'anonymous', id: 'public' },
        accountVersion: index + 1,
      },
      name,
      type: `zameni.account.${name}.v1`,
      data,
      personal: null,
    };
  });
}

const waits = test.macro<[readonly Step[], 'registration' | 'email-change', string]>({
  title: (_, steps, purpose) => `after ${steps.join(', ')} the ${purpose} awaits proof`,
  exec: (t, steps, purpose, id) => {
    const proof = findPendingProof(history(...steps));
    t.like(proof, { status: 'pending', purpose, event: { metadata: { id } } });
  },
});

test(waits, ['registered'], 'registration', '1');
test(waits, ['registered', 'profile-updated'], 'registration', '1');
test(waits, ['registered', 'deactivated', 'reactivated'], 'registration', '1');
test(waits, ['registered', 'email-change-requested'], 'email-change', '2');
test(waits, ['registered proven', 'email-change-requested'], 'email-change', '2');
test(waits, ['registered', 'email-verified', 'email-change-requested'], 'email-change', '3');
test(
  waits,
  ['registered', 'email-change-requested', 'email-change-cancelled'],
  'registration',
  '1',
);
test(
  waits,
  ['registered', 'email-change-requested', 'email-change-requested'],
  'email-change',
  '3',
);
test(
  waits,
  ['registered', 'disowned', 'reactivated', 'email-change-requested'],
  'email-change',
  '4',
);

const hasNone = test.macro<[readonly Step[], NoProof]>({
  title: (_, steps, status) =>
    `after ${steps.join(', ') || 'nothing'} no proof is pending: ${status}`,
  exec: (t, steps, status) => {
    t.is(findPendingProof(history(...steps)).status, status);
  },
});

test(hasNone, [], 'unknown');
test(hasNone, ['registered proven'], 'proven');
test(hasNone, ['registered', 'email-verified'], 'proven');
test(hasNone, ['registered', 'email-change-requested', 'email-changed'], 'proven');
test(hasNone, ['registered proven', 'email-change-requested', 'email-change-cancelled'], 'proven');
test(hasNone, ['registered', 'email-verified', 'deactivated'], 'deactivated');
test(hasNone, ['registered', 'email-change-requested', 'deactivated'], 'deactivated');
test(hasNone, ['registered', 'disowned'], 'disowned');
test(hasNone, ['registered', 'disowned', 'reactivated'], 'disowned');
test(hasNone, ['registered', 'disowned', 'deactivated'], 'disowned');
test(hasNone, ['registered', 'email-change-requested', 'erased'], 'erased');
test(hasNone, ['registered', 'disowned', 'erased'], 'erased');

test('ignores a pending change for the proof of the held address', (t) => {
  const held = (...steps: readonly Step[]) => findHeldProof(history(...steps));
  const registration = {
    status: 'pending',
    purpose: 'registration',
    event: { name: 'registered' },
  };
  t.like(held('registered', 'email-change-requested'), registration);
  t.is(held('registered proven', 'email-change-requested').status, 'proven');
  t.is(held('registered', 'deactivated').status, 'deactivated');
  t.is(held('registered', 'erased').status, 'erased');
});

const undoes = test.macro<[readonly Step[], readonly [change: string, held: string] | string]>({
  title: (_, steps, expected) =>
    `after ${steps.join(', ')} the undo is ${typeof expected === 'string' ? expected : 'pending'}`,
  exec: (t, steps, expected) => {
    const undo = findPendingUndo(history(...steps));
    if (typeof expected === 'string') return t.deepEqual(undo, { status: expected });
    const [change, held] = expected;
    const found = { change: { metadata: { id: change } }, held: { metadata: { id: held } } };
    t.like(undo, { status: 'pending', ...found });
  },
});

const want = 'email-change-requested';
test(undoes, ['registered', want], ['2', '1']);
test(undoes, ['registered proven', want, 'email-changed', want], ['4', '3']);
test(undoes, ['registered'], 'no-change');
test(undoes, ['registered', want, 'email-change-cancelled'], 'no-change');
test(undoes, ['registered', want, 'email-changed'], 'no-change');
test(undoes, ['registered', 'disowned', 'reactivated', want], 'disowned');
test(undoes, ['registered', want, 'erased'], 'no-change');
