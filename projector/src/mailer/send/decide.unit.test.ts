import type { ClaimRecord } from '@zameni/contracts';
import test from 'ava';
import { claimOf, userIdOf } from '../../accounts.fixture.ts';
import { openAttempt } from '../../attempts.fixture.ts';
import { takenMail } from '../ledger/message.fixture.ts';
import type { CauseName, Message } from '../ledger/message.ts';
import type { MailAccount } from './account.ts';
import { decideMail, type Facts, type LiveAttempt } from './decide.ts';

const id = userIdOf(1);
const data = { email: 'a@example.org', displayName: 'A', termsVersion: '1', profile: {} };
const attempt: LiveAttempt = { id, record: openAttempt(claimOf(1)), position: 7, data };

function message(cause: CauseName, fields: Partial<Message> = {}): Message {
  return takenMail(1, { cause, position: 7, userId: null, recipient: 'r', ...fields });
}

function account(fields: Partial<MailAccount> = {}): NonNullable<Facts['account']> {
  return {
    id,
    state: {
      status: 'active',
      holdsAddress: true,
      isProven: false,
      isProvenFromStart: false,
      locale: 'en',
      registration: 'e1',
      registeredAt: '2026-03-04T05:06:07.089Z',
      change: undefined,
      made: [],
      ...fields,
    },
  };
}

const made = { id: 'c', request: 'r', madeAt: '', undoUntil: '' };

const held = (verified: boolean, erasedAt?: number) => {
  const record: ClaimRecord = { state: 'held', userId: id, verified };
  return { record: erasedAt === undefined ? record : { ...record, erasedAt }, position: 9 };
};
const released = (by: 'erasure' | 'disowning', position: number) => {
  return { record: { state: 'released', by } as const, position };
};

type Case = [what: string, message: Message, facts: Facts, expected: string];

const cases: readonly Case[] = [
  ['an attempt on a free address', message('attempt'), { attempt }, 'confirm-attempt'],
  [
    'several attempts on a free address',
    message('attempt', { merged: 2 }),
    { attempt },
    'confirm-mailbox',
  ],
  ['an attempt that is proven or gone', message('attempt'), {}, 'none: attempt-ended'],
  [
    'an attempt from before an erasure',
    message('attempt'),
    { attempt, claim: released('erasure', 9) },
    'none: attempt-void',
  ],
  [
    'an attempt after an erasure',
    message('attempt'),
    { attempt, claim: released('erasure', 5) },
    'confirm-attempt',
  ],
  [
    'an attempt after a disowning',
    message('attempt'),
    { attempt, claim: released('disowning', 9) },
    'confirm-attempt',
  ],
  [
    'an attempt on an unproven account',
    message('attempt'),
    { attempt, claim: held(false), account: account() },
    'holder-unproven',
  ],
  [
    'an attempt on a proven account',
    message('attempt'),
    { attempt, claim: held(true), account: account({ isProven: true }) },
    'already-registered',
  ],
  [
    'an attempt on a deactivated account',
    message('attempt'),
    { attempt, claim: held(true), account: account({ isProven: true, status: 'deactivated' }) },
    'already-registered-deactivated',
  ],
  [
    'an attempt on an erased account',
    message('attempt'),
    { attempt, claim: held(true), account: account({ status: 'erased' }) },
    'none: erased',
  ],
  [
    'an attempt that an erasure made void while the address is held again',
    message('attempt'),
    { attempt, claim: held(true, 8), account: account() },
    'none: attempt-void',
  ],
  ['a wish for nothing', message('mail-wish'), {}, 'none: nothing-to-confirm'],
  ['a wish with an open attempt', message('mail-wish'), { attempt }, 'confirm-attempt'],
  [
    'a wish for an unproven account',
    message('mail-wish'),
    { claim: held(false), account: account() },
    'confirm-account',
  ],
  [
    'a wish for a proven account',
    message('mail-wish'),
    { claim: held(true), account: account({ isProven: true }) },
    'already-registered',
  ],
  ['a vouched registration', message('registered'), { account: account() }, 'confirm-account'],
  [
    'a registration with a proven mailbox',
    message('registered'),
    { account: account({ isProven: true, isProvenFromStart: true }) },
    'welcome',
  ],
  [
    'a registration that was proven since',
    message('registered'),
    { account: account({ isProven: true }) },
    'none: proven-since',
  ],
  [
    'a registration that was disowned since',
    message('registered'),
    { account: account({ holdsAddress: false, status: 'deactivated' }) },
    'none: address-disowned',
  ],
  [
    'a registration that was erased since',
    message('registered'),
    { account: account({ status: 'erased' }) },
    'none: erased',
  ],
  ['a proof', message('email-verified'), { account: account({ isProven: true }) }, 'welcome'],
  [
    'a pending change',
    message('email-change-requested'),
    { account: account({ change: { id: 'c', requestedAt: '' } }), eventId: 'c' },
    'confirm-change',
  ],
  [
    'a change that was replaced by another',
    message('email-change-requested'),
    { account: account({ change: { id: 'd', requestedAt: '' } }), eventId: 'c' },
    'none: change-ended',
  ],
  [
    'the notice of a change to a proven mailbox',
    message('email-change-notice'),
    { account: account({ isProven: true, change: { id: 'c', requestedAt: '' } }), eventId: 'c' },
    'change-notice',
  ],
  [
    'the notice of a change to an unproven mailbox',
    message('email-change-notice'),
    { account: account({ change: { id: 'c', requestedAt: '' } }), eventId: 'c' },
    'none: mailbox-unproven',
  ],
  [
    'a change that was made',
    message('email-changed'),
    { account: account({ made: [made] }), eventId: 'c' },
    'changed-notice',
  ],
  [
    'a change that was made, of an account that is deactivated since',
    message('email-changed'),
    { account: account({ made: [made], status: 'deactivated' }), eventId: 'c' },
    'changed-notice',
  ],
  [
    'a change that was taken back',
    message('email-changed'),
    { account: account(), eventId: 'c' },
    'none: change-ended',
  ],
  [
    'a deactivation',
    message('deactivated'),
    { account: account({ isProven: true, status: 'deactivated' }) },
    'deactivated',
  ],
  [
    'a deactivation that was undone since',
    message('deactivated'),
    { account: account({ isProven: true }) },
    'none: state-changed',
  ],
  [
    'a reactivation',
    message('reactivated'),
    { account: account({ isProven: true }) },
    'reactivated',
  ],
  [
    'a reactivation of an unproven mailbox',
    message('reactivated'),
    { account: account() },
    'none: mailbox-unproven',
  ],
  [
    'a farewell to an erased person',
    message('farewell'),
    { farewell: { email: 'a@example.org', locale: 'en' } },
    'erased',
  ],
  ['a farewell whose record is gone', message('farewell'), {}, 'none: farewell-ended'],
];

for (const [what, asked, facts, expected] of cases) {
  test(`${what}: ${expected}`, (t) => {
    const decision = decideMail(asked, facts);
    t.is(decision.mail === 'none' ? `none: ${decision.reason}` : decision.mail, expected);
  });
}
