import test from 'ava';
import { refused, registered, userIdOf } from './accounts.fixture.ts';
import { toRowChanges } from './row-changes.ts';
import { toViewChanges } from './view-changes.ts';

test('given events of several people, then each has its rows', (t) => {
  const { users, addressOwners, registrations } = toRowChanges([registered(1, 5), refused(2, 6)]);
  t.deepEqual(
    users.map((row) => row.view.userId),
    [userIdOf(1)],
  );
  t.is(addressOwners.length, 1);
  t.deepEqual(
    registrations.map((row) => row.registrationId),
    [userIdOf(1), userIdOf(2)],
  );
});

test('given two events of one person, then there is one row, the newer', (t) => {
  const { users, addressOwners, registrations } = toRowChanges([
    registered(1, 5),
    registered(1, 9),
  ]);
  t.deepEqual(
    [users, addressOwners, registrations].map((rows) => rows.map((row) => row.position)),
    [[9], [9], [9]],
  );
});

test('the views that change are those of the rows, as the query API answers them', (t) => {
  const views = toViewChanges(toRowChanges([registered(1, 5), refused(2, 6)]));
  t.deepEqual(
    views.map(({ kind, id, position, version }) => ({ kind, id, position, version })),
    [
      { kind: 'user', id: userIdOf(1), position: 5, version: 1 },
      { kind: 'registration', id: userIdOf(1), position: 5, version: 1 },
      { kind: 'registration', id: userIdOf(2), position: 6, version: 1 },
    ],
  );
  t.deepEqual(JSON.parse(views[2]?.body ?? ''), { result: 'refused', reason: 'address-taken' });
});
