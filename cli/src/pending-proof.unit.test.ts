import { type EventName, parseUserId, type StoredEvent } from '@zameni/contracts';
import test from 'ava';
import { findPendingProof, type PendingProof } from './pending-proof.ts';

const userId = parseUserId('01980000-0000-7000-8000-000000000001');

/** Events of one account in order; the id of each is its number, counted from 1. */
function history(...names: readonly EventName[]): StoredEvent[] {
  return names.map((name, index) => {
    if (userId === undefined) throw new Error('not a user id');
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
      data: {},
      personal: null,
    };
  });
}

const waits = test.macro<[readonly EventName[], 'registration' | 'email-change', string]>({
  title: (_, names, purpose) => `after ${names.join(', ')} the ${purpose} waits for proof`,
  exec: (t, names, purpose, id) => {
    const proof = findPendingProof(history(...names));
    t.like(proof, { status: 'pending', purpose, event: { metadata: { id } } });
  },
});

test(waits, ['registered'], 'registration', '1');
test(waits, ['registered', 'verification-requested', 'profile-updated'], 'registration', '1');
test(waits, ['registered', 'deactivated', 'reactivated'], 'registration', '1');
test(waits, ['registered', 'email-change-requested'], 'email-change', '2');
test(waits, ['registered', 'email-verified', 'email-change-requested'], 'email-change', '3');
test(
  waits,
  ['registered', 'email-change-requested', 'email-change-requested'],
  'email-change',
  '3',
);

const hasNone = test.macro<[readonly EventName[], PendingProof['status']]>({
  title: (_, names, status) => `after ${names.join(', ') || 'nothing'} there is none: ${status}`,
  exec: (t, names, status) => {
    t.is(findPendingProof(history(...names)).status, status);
  },
});

test(hasNone, [], 'unknown');
test(hasNone, ['registration-refused'], 'refused');
test(hasNone, ['registered', 'email-verified'], 'proven');
test(hasNone, ['registered', 'email-change-requested', 'email-changed'], 'proven');
test(hasNone, ['registered', 'superseded'], 'superseded');
test(hasNone, ['registered', 'email-verified', 'deactivated'], 'deactivated');
test(hasNone, ['registered', 'email-change-requested', 'erased'], 'erased');
test(hasNone, ['registered', 'superseded', 'erased'], 'erased');
