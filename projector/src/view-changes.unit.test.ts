import test from 'ava';
import {
  happenings,
  projected,
  refused,
  registered,
  registration,
  userIdOf,
} from './accounts.fixture.ts';
import { applyToMemory, createSharedCheckpoint } from './memory-store.fixture.ts';
import type { ProjectedEvent } from './projected-event.ts';
import { toRowChanges } from './row-changes.ts';
import { toViewChanges } from './view-changes.ts';

/** The views that change with the last of some batches. */
function viewsAfter(...batches: readonly (readonly ProjectedEvent[])[]) {
  const shared = createSharedCheckpoint();
  return batches
    .map((batch) => {
      const changes = toRowChanges(batch);
      return toViewChanges(applyToMemory(shared, changes), changes);
    })
    .at(-1);
}

test('the views that change are those of the rows, as the query API answers them', (t) => {
  const views = viewsAfter([registered(1, 5), refused(2, 6)]);
  t.like(views, [
    { kind: 'user', id: userIdOf(1), position: 5, view: { version: 1 } },
    { kind: 'registration', id: userIdOf(1), position: 5 },
    {
      kind: 'registration',
      id: userIdOf(2),
      position: 6,
      view: { version: 1, body: '{"result":"refused","reason":"address-taken"}' },
    },
  ]);
});

test('a change of a person writes her whole view', (t) => {
  const views = viewsAfter(
    [registered(1, 5)],
    [projected(1, happenings.updated, { position: 8, version: 2 })],
  );
  t.is(views?.length, 1);
  const { position, view } = views?.[0] ?? {};
  t.is(position, 8);
  t.is(typeof view === 'object' ? view.version : undefined, 2);
  t.like(JSON.parse(typeof view === 'object' ? view.body : 'null'), {
    email: 'Person.1@example.org',
    displayName: 'Љиља',
    locale: 'de',
    version: 2,
  });
});

test('an attempt that waits for proof is not a person, and is one once it has come', (t) => {
  const attempt = [projected(1, registration(1, 'contested'), { position: 5 })];
  t.deepEqual(
    viewsAfter(attempt)?.map(({ kind }) => kind),
    ['registration'],
  );
  const proof = [projected(1, happenings.verified, { position: 8, version: 2 })];
  t.like(viewsAfter(attempt, proof), [
    { kind: 'user', position: 8, view: { version: 2 } },
    { kind: 'registration', position: 8 },
  ]);
});

test('whoever is superseded or erased leaves a tombstone', (t) => {
  const end = { position: 9, version: 2 };
  const superseded = viewsAfter([registered(1, 5)], [projected(1, happenings.superseded, end)]);
  t.like(superseded, [{ kind: 'user', position: 9, view: 'absent' }, { kind: 'registration' }]);
  const erased = viewsAfter([registered(1, 5)], [projected(1, happenings.erased, end)]);
  t.deepEqual(erased, [{ kind: 'user', id: userIdOf(1), position: 9, view: 'erased' }]);
});
