import type { AttemptRecord, ClaimRecord, OpenAttempt } from '@zameni/contracts';
import test from 'ava';
import { chooseLink, type LinkChoice, lookAtAttempt, type NoAttemptLink } from './attempt-link.ts';

const id = '01980000-0000-7000-8000-000000000001';
const other = '01980000-0000-7000-8000-000000000002';
const now = new Date('2026-03-04T05:06:07.089Z');

const open: OpenAttempt = {
  state: 'open',
  claim: 'c'.repeat(43),
  locale: 'en',
  time: '2026-03-04T05:00:00.000Z',
  expiresAt: '2026-03-11T05:00:00.000Z',
  actor: { type: 'anonymous', id: 'public' },
  causationId: 'request-1',
  key: '2026-03-04',
  sealed: '',
  retry: '',
};

function closed(by: 'proof' | 'not-mine' | 'erasure', userId?: string): AttemptRecord {
  const { expiresAt } = open;
  return { state: 'closed', attempt: 7, expiresAt, by, ...(userId ? { userId } : {}) };
}

const attempt = { record: open, position: 7 };

test('looks for an account if the id has no attempt', (t) => {
  t.deepEqual(lookAtAttempt(id, undefined, now), { next: 'account' });
});

test('a proven attempt leads to the account that it created', (t) => {
  const found = { record: closed('proof', id), position: 9 };
  t.deepEqual(lookAtAttempt(id, found, now), { next: 'account' });
  t.deepEqual(lookAtAttempt(id, found, new Date('2027-01-01T00:00:00Z')), { next: 'account' });
});

test('an open attempt depends on the claim', (t) => {
  t.deepEqual(lookAtAttempt(id, attempt, now), { next: 'claim', attempt });
});

const ends = test.macro<[AttemptRecord, NoAttemptLink, Date?]>({
  title: (what, _, reason) => `an attempt that ${what} has no link: ${reason}`,
  exec: (t, record, reason, at = now) => {
    t.deepEqual(lookAtAttempt(id, { record, position: 9 }, at), { next: 'refuse', reason });
  },
});
test('has reached its instant', ends, open, 'attempt-expired', new Date(open.expiresAt));
test('proved another account', ends, closed('proof', other), 'attempt-proven');
test('was disowned', ends, closed('not-mine'), 'attempt-disowned');
test('was erased', ends, closed('erasure'), 'attempt-erased');

type Claim = ClaimRecord | undefined;
const held = (verified: boolean): ClaimRecord => ({ state: 'held', userId: other, verified });
const released = (by: 'erasure' | 'email-change' | 'disowning'): ClaimRecord => {
  return { state: 'released', by };
};

const chooses = test.macro<
  [Claim, LinkChoice, { readonly at?: number; readonly isOwn?: boolean }?]
>({
  title: (what) => `if the address is ${what}`,
  exec: (t, record, expected, { at = 5, isOwn = false } = {}) => {
    const claim = record && { record, position: at };
    t.deepEqual(chooseLink(attempt, claim, isOwn), expected);
  },
});
const own: LinkChoice = { next: 'own' };
const erased: LinkChoice = { next: 'refuse', reason: 'attempt-erased' };
test('free, the attempt gets its own link', chooses, undefined, own);
test('released, the attempt gets its own link', chooses, released('email-change'), own);
test('disowned, the attempt gets its own link', chooses, released('disowning'), own);
test('erased earlier, the attempt gets its own link', chooses, released('erasure'), own);
test('erased later, there is no link', chooses, released('erasure'), erased, { at: 8 });
test('erased later, there is no link with --own either', chooses, released('erasure'), erased, {
  at: 8,
  isOwn: true,
});
for (const [name, record] of [
  ['released', released('email-change')],
  ['held unproven', held(false)],
  ['proven', held(true)],
] as const) {
  const since = { ...record, erasedAt: 8 };
  test(`${name} after a later erasure, there is no link`, chooses, since, erased, { at: 9 });
}
test(
  'released after an earlier erasure, the attempt gets its own link',
  chooses,
  {
    ...released('disowning'),
    erasedAt: 4,
  },
  own,
);
test('held unproven, the link is the holder’s', chooses, held(false), {
  next: 'holder',
  userId: other,
});
test('held unproven, --own gives the attempt’s own link', chooses, held(false), own, {
  isOwn: true,
});
test('held proven, there is no link', chooses, held(true), {
  next: 'refuse',
  reason: 'address-taken',
});
test(
  'held proven, --own gives the attempt’s own link, which proves nothing',
  chooses,
  held(true),
  own,
  {
    isOwn: true,
  },
);
