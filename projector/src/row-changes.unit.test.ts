import test from 'ava';
import fc from 'fast-check';
import {
  claimOf,
  happenings,
  type Place,
  projected,
  registration,
  userIdOf,
} from './accounts.fixture.ts';
import { addressErased, attempted, closedAttempt, openAttempt } from './attempts.fixture.ts';
import { expectRows, toPlainRows, withoutErasedKeys } from './expected-rows.fixture.ts';
import { cutHistories } from './histories.fixture.ts';
import { applyToMemory, createSharedCheckpoint } from './memory-store.fixture.ts';
import type { ProjectedRecord } from './projected-record.ts';
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

test('given an erased address, then attempts on it from before are gone, later ones are not', (t) => {
  const { attempts, erasedAddresses } = toRowChanges([
    attempted(1, 3),
    attempted(2, 4),
    addressErased(claimOf(1), 5),
    attempted(3, 6, openAttempt(claimOf(1))),
  ]);
  t.deepEqual(
    attempts.map(({ state, claim }) => [state, claim]),
    [
      ['gone', claimOf(1)],
      ['open', claimOf(2)],
      ['open', claimOf(1)],
    ],
  );
  t.deepEqual(erasedAddresses, [{ claim: claimOf(1), position: 5 }]);
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
    fc.property(cutHistories, fc.boolean(), (batches, keysAreGone) => {
      const history = batches.flat();
      const { owners: _owners, erasures, ...expected } = expectRows(history);
      const given = keysAreGone ? withoutErasedKeys(history) : history;
      let applied = 0;
      const shared = createSharedCheckpoint();
      for (const batch of batches) {
        applyToMemory(shared, toRowChanges(given.slice(applied, applied + batch.length)));
        applied += batch.length;
      }
      const { users, attempts } = shared;
      t.deepEqual(toPlainRows({ users, attempts }), toPlainRows(expected));
      t.deepEqual([...shared.erasures.keys()], [...erasures.keys()]);
    }),
    { numRuns: 300 },
  );
});
