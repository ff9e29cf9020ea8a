import test from 'ava';
import fc from 'fast-check';
import {
  claimOf,
  happenings,
  type Place,
  projected,
  registration,
  userIdOf,
} from '../accounts.fixture.ts';
import { attempted, closedAttempt, voidedAttempt } from '../attempts.fixture.ts';
import { afterEraser, expectRows, clearClaims, toPlainRows } from './expected-rows.fixture.ts';
import { cutHistories } from './histories.fixture.ts';
import { applyToMemory, createSharedCheckpoint } from './memory-store.fixture.ts';
import type { ProjectedRecord } from './record.ts';
import { toRowChanges } from './row-changes.ts';

function happens(n: number, event: Parameters<typeof projected>[1], place: Place) {
  return { kind: 'event', event: projected(n, event, place) } satisfies ProjectedRecord;
}

test('given records of several people, then each has their changes', (t) => {
  const { patches, attempts } = toRowChanges([
    happens(1, registration(1), { position: 5 }),
    attempted(2, 6),
  ]);
  t.deepEqual(
    patches.map((patch) => patch.userId),
    [userIdOf(1)],
  );
  t.like(attempts, [{ attemptId: userIdOf(2), position: 6, claim: claimOf(2), state: 'open' }]);
});

test('given several events of one person, then each row is touched once', (t) => {
  const changes = toRowChanges([
    happens(1, registration(1), { position: 5 }),
    happens(1, happenings.verified, { position: 6, version: 2 }),
    happens(1, happenings.erased, { position: 7, version: 3 }),
  ]);
  t.deepEqual(changes.patches, []);
  t.like(changes.removals, [{ position: 7, left: 'erased' }]);
  t.like(changes.erasures, [{ position: 7 }]);
});

test('given a void record after an attempt, then the row is void and keeps its claim', (t) => {
  const { attempts } = toRowChanges([
    attempted(1, 3),
    attempted(2, 4),
    attempted(1, 5, voidedAttempt(3)),
  ]);
  t.like(attempts, [
    { attemptId: userIdOf(1), state: 'void', claim: claimOf(1), position: 5 },
    { attemptId: userIdOf(2), state: 'open', claim: claimOf(2), position: 4 },
  ]);
});

test('given a void record whose attempt is deleted, then the row has no claim', (t) => {
  const { attempts } = toRowChanges([attempted(1, 5, voidedAttempt(3))]);
  t.like(attempts, [{ state: 'void', claim: null, position: 5 }]);
});

test('given the erasure of a void attempt, then it is gone', (t) => {
  const { attempts } = toRowChanges([
    attempted(1, 5, voidedAttempt(3)),
    attempted(1, 6, closedAttempt(3, 'erasure')),
  ]);
  t.like(attempts, [{ state: 'gone', claim: null, position: 6 }]);
});

test('given an erased person, then the attempts that led to them are gone', (t) => {
  const { attempts } = toRowChanges([
    attempted(2, 3, closedAttempt(1, { provenTo: userIdOf(1) })),
    attempted(3, 4, closedAttempt(2, { provenTo: userIdOf(9) })),
    happens(1, happenings.erased, { position: 5 }),
  ]);
  t.like(attempts, [
    { state: 'gone', userId: null },
    { state: 'registered', userId: userIdOf(9) },
  ]);
});

test('however a history is cut into batches, the rows are the same', (t) => {
  fc.assert(
    fc.property(cutHistories, fc.boolean(), (batches, eraserWasThere) => {
      const { owners: _owners, erasures, ...expected } = expectRows(batches.flat());
      const given = eraserWasThere ? afterEraser(batches) : batches;
      const shared = createSharedCheckpoint();
      for (const batch of given) applyToMemory(shared, toRowChanges(batch));
      const { users, attempts } = shared;
      const clear = eraserWasThere ? clearClaims : (rows: typeof attempts) => rows;
      t.deepEqual(
        toPlainRows({ users, attempts: clear(attempts) }),
        toPlainRows({ ...expected, attempts: clear(expected.attempts) }),
      );
      t.deepEqual([...shared.erasures.keys()], [...erasures.keys()]);
    }),
    { numRuns: 300 },
  );
});

test('given a copy up to a position, then only selected read models get earlier records', (t) => {
  const records = [
    happens(1, registration(1), { position: 5 }),
    attempted(2, 6),
    happens(1, happenings.erased, { position: 7, version: 2 }),
    attempted(3, 8),
  ];
  const changes = toRowChanges(records, { position: 7, selected: new Set(['users']) });
  t.like(changes.removals, [{ position: 7 }]);
  t.like(changes.erasures, [{ position: 7 }]);
  t.deepEqual(
    changes.attempts.map((attempt) => attempt.attemptId),
    [userIdOf(3)],
  );
  t.like(changes.counts, [{ accepted: 1, registered: 0 }]);
});
