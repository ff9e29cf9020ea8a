import test from 'ava';
import { claimOf, userIdOf } from '../../accounts.fixture.ts';
import { closedAttempt, EXPIRES_AT, openAttempt, voidedAttempt } from '../../attempts.fixture.ts';
import type { ProjectedAttempt } from '../record.ts';
import { eraseAccount, keepClaim, toAttemptRow } from './fold.ts';
import type { AttemptRow } from './rows.ts';

const attemptId = userIdOf(1);

function rowAfter(record: ProjectedAttempt['record'], position = 42): AttemptRow {
  return toAttemptRow({ attemptId, position, record, traceparent: undefined });
}

const open = rowAfter(openAttempt(claimOf(1)));
const proven = rowAfter(closedAttempt(7, { provenTo: userIdOf(2) }));

test('given an open attempt, then the row awaits proof and has no data of the request', (t) => {
  t.deepEqual(open, {
    attemptId,
    claim: claimOf(1),
    position: 42,
    expiresAt: EXPIRES_AT,
    state: 'open',
    userId: null,
  });
});

test('given proof, then it has led to an account and has no address', (t) => {
  t.deepEqual(proven, { ...open, claim: null, state: 'registered', userId: userIdOf(2) });
});

for (const by of ['not-mine', 'erasure'] as const) {
  test(`given that it was closed by ${by}, then it is gone and has no address`, (t) => {
    t.deepEqual(rowAfter(closedAttempt(7, by)), { ...open, claim: null, state: 'gone' });
  });
}

test('given a void record, then the row keeps the claim of the row before', (t) => {
  const left = rowAfter(voidedAttempt(7));
  t.deepEqual(left, { ...open, claim: null, state: 'void' });
  t.deepEqual(keepClaim(left, undefined), left);
  t.deepEqual(keepClaim(left, open), { ...left, claim: claimOf(1) });
  t.is(keepClaim(proven, open), proven);
});

test('an erased account takes the attempts that led to it', (t) => {
  t.deepEqual(eraseAccount(proven, userIdOf(2)), { ...proven, state: 'gone', userId: null });
  t.is(eraseAccount(proven, userIdOf(1)), proven);
  t.is(eraseAccount(open, userIdOf(1)), open);
});
