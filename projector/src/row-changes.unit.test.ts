import test from 'ava';
import fc from 'fast-check';
import { happenings, projected, refused, registered, userIdOf } from './accounts.fixture.ts';
import { cutHistories, expectRows, toPlainRows, withoutErasedKeys } from './histories.fixture.ts';
import { applyToMemory, createSharedCheckpoint } from './memory-store.fixture.ts';
import type { RegistrationRow } from './registrations-projection.ts';
import { toRowChanges } from './row-changes.ts';

test('given events of several people, then each has her changes', (t) => {
  const { patches, registrations } = toRowChanges([registered(1, 5), refused(2, 6)]);
  t.deepEqual(
    patches.map((patch) => patch.userId),
    [userIdOf(1)],
  );
  t.deepEqual(
    registrations.map((row) => row.registrationId),
    [userIdOf(1), userIdOf(2)],
  );
});

test('given several events of one person, then each row is touched once', (t) => {
  const changes = toRowChanges([
    registered(1, 5),
    projected(1, happenings.verified, { position: 6, version: 2 }),
    projected(1, happenings.erased, { position: 7, version: 3 }),
  ]);
  t.deepEqual(changes.patches, []);
  t.like(changes.removals, [{ position: 7, left: 'erased' }]);
  t.like(changes.registrations, [{ position: 6 }]);
  t.like(changes.erasures, [{ position: 7 }]);
});

test('however a history is cut into batches, the rows are the same', (t) => {
  fc.assert(
    fc.property(cutHistories, fc.boolean(), (batches, keysAreGone) => {
      const history = batches.flat();
      const expected = expectRows(history);
      const given = keysAreGone ? withoutErasedKeys(history) : history;
      let applied = 0;
      const shared = createSharedCheckpoint();
      const registrations = new Map<string, Omit<RegistrationRow, 'registrationId'>>();
      for (const batch of batches) {
        const changes = toRowChanges(given.slice(applied, applied + batch.length));
        applied += batch.length;
        applyToMemory(shared, changes);
        for (const { registrationId, ...row } of changes.registrations) {
          registrations.set(registrationId, row);
        }
      }
      const { users } = shared;
      const actual = toPlainRows({ users, registrations });
      t.deepEqual(
        actual,
        toPlainRows({ users: expected.users, registrations: expected.registrations }),
      );
      t.deepEqual([...shared.erasures.keys()], [...expected.erasures.keys()]);
    }),
    { numRuns: 300 },
  );
});
