import test from 'ava';
import { claimOf, userIdOf } from './accounts.fixture.ts';
import { closedAttempt, EXPIRES_AT, openAttempt } from './attempts.fixture.ts';
import {
  type AttemptRow,
  eraseAccount,
  eraseAddress,
  type ProjectedAttempt,
  toAttemptRow,
} from './attempts-projection.ts';

const attemptId = userIdOf(1);

function rowAfter(record: ProjectedAttempt['record'], position = 42): AttemptRow {
  return toAttemptRow({ attemptId, position, record, traceparent: undefined });
}

const open = rowAfter(openAttempt(claimOf(1)));
const proven = rowAfter(closedAttempt(7, { provenTo: userIdOf(2) }));

test('given an open attempt, then it awaits proof, and nothing of what was asked is kept', (t) => {
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

test('an erased address takes what was open on it before, and leaves the claim to the eraser', (t) => {
  const erased = { claim: claimOf(1), position: 43 };
  t.deepEqual(eraseAddress(open, erased), { ...open, state: 'gone' });
  t.is(eraseAddress(open, { ...erased, position: 42 }), open);
  t.is(eraseAddress(open, { ...erased, claim: claimOf(2) }), open);
  t.is(eraseAddress(proven, erased), proven);
});

test('an erased account takes the attempts that led to it', (t) => {
  t.deepEqual(eraseAccount(proven, userIdOf(2)), { ...proven, state: 'gone', userId: null });
  t.is(eraseAccount(proven, userIdOf(1)), proven);
  t.is(eraseAccount(open, userIdOf(1)), open);
});
