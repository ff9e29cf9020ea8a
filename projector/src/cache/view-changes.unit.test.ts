import test from 'ava';
import { happenings, projected, registered, userIdOf } from '../accounts.fixture.ts';
import { attempted, closedAttempt } from '../attempts.fixture.ts';
import { applyToMemory, createSharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import type { ProjectedEvent, ProjectedRecord } from '../read-models/record.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import { toViewChanges } from './view-changes.ts';

/** The views that the last of some batches changes. */
function viewsAfter(...batches: readonly (readonly (ProjectedEvent | ProjectedRecord)[])[]) {
  const shared = createSharedCheckpoint();
  return batches
    .map((batch) => {
      const changes = toRowChanges(batch.map(toRecord));
      return toViewChanges(applyToMemory(shared, changes), changes);
    })
    .at(-1);
}

function toRecord(each: ProjectedEvent | ProjectedRecord): ProjectedRecord {
  return 'kind' in each ? each : { kind: 'event', event: each };
}

test('the views that change are those of the rows, as the query API answers them', (t) => {
  const views = viewsAfter([registered(1, 5), registered(2, 6)]);
  t.like(views, [
    { kind: 'user', id: userIdOf(1), position: 5, view: { version: 1 } },
    { kind: 'user', id: userIdOf(2), position: 6 },
  ]);
});

test('attempts are not cached', (t) => {
  t.deepEqual(viewsAfter([attempted(1, 5)], [attempted(1, 6, closedAttempt(5, 'not-mine'))]), []);
});

test('a change of a person writes their whole view', (t) => {
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

test('an erased person leaves a tombstone', (t) => {
  const end = { position: 9, version: 2 };
  const erased = viewsAfter([registered(1, 5)], [projected(1, happenings.erased, end)]);
  t.deepEqual(erased, [{ kind: 'user', id: userIdOf(1), position: 9, view: 'erased' }]);
});
