import { subjects } from '@zameni/contracts';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { erasedMessages, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import type { Fold } from '../parking/fold-or-park.ts';
import { createMemoryStore, createSharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import { append, broken, dataKeys, start } from './projection.fixture.ts';

const accountOf = (n: number) => subjects.account(userIdOf(n));

test('a poison event parks its account, and everyone else goes on', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { projection, views } = start(t, log, createMemoryStore(shared, 'a'));
  await append(log, registeredMessages(1, dataKeys), broken(2), registeredMessages(3, dataKeys));
  await waitUntil(() => shared.position === 9);
  t.deepEqual([...shared.users.keys()], [userIdOf(1), userIdOf(3)]);
  t.like(shared.parked.get(accountOf(2)), { position: 6, waiting: 1, reason: 'undecodable' });
  t.is(projection.status().state, 'active');
  await waitUntil(() => views.some(({ view }) => view === 'parked'));
  t.like(
    views.find(({ view }) => view === 'parked'),
    { id: userIdOf(2), position: 6 },
  );
});

test('an erasure ends the parking of its account', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  start(t, log, createMemoryStore(shared, 'a'));
  await append(log, broken(1), erasedMessages(1, 3));
  await waitUntil(() => shared.erasures.size === 1);
  t.is(shared.parked.size, 0);
  t.is(shared.users.size, 0);
});

test('whoever is erased while a fold has a bug still counts as registered', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const fold: Fold = (records) => {
    for (const record of records) {
      if (record.kind !== 'event' || record.event.personal === 'erased') continue;
      if (record.event.event.name === 'registered') throw new Error('bug');
    }
    return toRowChanges(records);
  };
  start(t, log, createMemoryStore(shared, 'a'), { fold });
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => shared.parked.size === 1);
  await append(log, erasedMessages(1, 3));
  await waitUntil(() => shared.erasures.size === 1);
  const counts = shared.applied.flatMap(({ changes }) => changes.counts);
  t.like(counts, [{ accepted: 1, registered: 1 }]);
  t.deepEqual([shared.parked.size, shared.users.size], [0, 0]);
});

/** A fold that throws for some people until it is repaired. */
function plant(...numbers: number[]) {
  const bugs = new Set<string>(numbers.map(userIdOf));
  const fold: Fold = (records) => {
    for (const record of records) {
      if (record.kind === 'event' && bugs.has(record.event.metadata.userId)) throw new Error('bug');
    }
    return toRowChanges(records);
  };
  return { fold, repair: () => bugs.clear() };
}

test('a bug in a fold parks the accounts it throws for; repaired and redriven, nothing is lost', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { fold, repair } = plant(2, 4);
  const { views } = start(t, log, createMemoryStore(shared, 'a'), { fold });
  for (const n of [1, 2, 3, 4]) await append(log, registeredMessages(n, dataKeys));
  await waitUntil(() => shared.position === 12);
  t.deepEqual([...shared.users.keys()].toSorted(), [1, 3].map(userIdOf));
  t.like(shared.parked.get(accountOf(2)), { reason: 'fold-failed', position: 6 });
  shared.requested.add(accountOf(2));
  await waitUntil(() => shared.requested.size === 0);
  t.is(shared.parked.size, 2, 'it fails again and stays parked');
  repair();
  shared.requested.add(accountOf(2)).add(accountOf(4));
  await waitUntil(() => shared.parked.size === 0);
  t.deepEqual([...shared.users.keys()].toSorted(), [1, 2, 3, 4].map(userIdOf));
  t.is(shared.position, 12);
  await waitUntil(() => views.at(-1)?.id === userIdOf(4) || views.at(-1)?.id === userIdOf(2));
});

test('a fault of the fold before a poison record of the same batch moves the park back', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { fold, repair } = plant(1, 2);
  const [claim, key, event] = registeredMessages(1, dataKeys);
  if (!claim || !key || !event) return t.fail();
  const next = { ...event, data: '{}', expectedPosition: 3 };
  await append(log, [claim, key, event], [next], registeredMessages(2, dataKeys));
  start(t, log, createMemoryStore(shared, 'a'), { fold });
  await waitUntil(() => shared.position === 7);
  const park = { position: 3, lastPosition: 4, waiting: 2, reason: 'fold-failed' };
  t.like(shared.parked.get(accountOf(1)), park);
  repair();
  shared.requested.add(accountOf(1));
  await waitUntil(() => shared.users.has(userIdOf(1)));
  t.like(shared.parked.get(accountOf(1)), { position: 4, waiting: 1, reason: 'undecodable' });
});

test('what arrives while an account is parked keeps its order', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { fold, repair } = plant(1);
  start(t, log, createMemoryStore(shared, 'a'), { fold });
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => shared.parked.size === 1);
  await append(log, erasedMessages(2, 0), registeredMessages(3, dataKeys));
  await waitUntil(() => shared.users.size === 1);
  repair();
  shared.requested.add(accountOf(1));
  await waitUntil(() => shared.users.size === 2);
  t.is(shared.users.get(userIdOf(1))?.position, 3);
});

test('a discarded record is skipped at the redrive, and the records behind it are applied', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  start(t, log, createMemoryStore(shared, 'a'));
  const [claim, key, event] = registeredMessages(1, dataKeys);
  if (!claim || !key || !event) return t.fail();
  await append(log, [claim, key, { ...event, data: '{}' }]);
  await waitUntil(() => shared.parked.size === 1);
  await append(log, [{ ...event, expectedPosition: 3 }]);
  await waitUntil(() => shared.parked.get(accountOf(1))?.waiting === 2);
  t.is(shared.users.size, 0);
  shared.discarded.add(3);
  shared.requested.add(accountOf(1));
  await waitUntil(() => shared.users.size === 1);
  t.is(shared.parked.size, 0);
});

test('more parked subjects than may be stall the projection', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { projection } = start(t, log, createMemoryStore(shared, 'a'));
  const messages = Array.from({ length: 1_001 }, (_, n) => {
    return { subject: accountOf(n + 1), data: '{}', expectedPosition: 0 };
  });
  await append(log, messages.slice(0, 600), messages.slice(600));
  await waitUntil(() => projection.status().state === 'stalled');
  t.true(shared.parked.size <= 1_000);
  t.like(projection.status(), {
    reason: 'TooManyParkedError: more than 1000 subjects would be parked',
  });
});

/** A registration as a later version writes it. */
function laterMessages(n: number) {
  const [claim, key, event] = registeredMessages(n, dataKeys);
  if (!claim || !key || !event) throw new Error('a registration has three messages');
  return [claim, key, { ...event, data: event.data.replace('registered.v1', 'registered.v9') }];
}

test('records of a later version park their subjects, and never stall the projection', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { projection } = start(t, log, createMemoryStore(shared, 'a'));
  const unknown = Array.from({ length: 1_001 }, (_, n) => {
    return { subject: `zameni.kind-of-later.${n}`, data: '{}', expectedPosition: 0 };
  });
  const paused = { subject: subjects.attempt(userIdOf(7)), data: '{"state":"paused"}' };
  await append(log, laterMessages(1), [{ ...paused, expectedPosition: 0 }], unknown);
  await append(log, registeredMessages(2, dataKeys));
  await waitUntil(() => shared.users.size === 1);
  t.is(projection.status().state, 'active');
  t.is(shared.parked.size, 1_003);
  t.true([...shared.parked.values()].every(({ reason }) => reason === 'newer'));
  await append(log, broken(3));
  await waitUntil(() => shared.parked.get(accountOf(3))?.reason === 'undecodable');
});

test('a projector tries what a later version wrote when it begins', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  await append(log, registeredMessages(1, dataKeys), laterMessages(2));
  const place = { position: 3, lastPosition: 3, waiting: 1 };
  const reason = { reason: 'newer', detail: null, traceId: null } as const;
  const park = { subject: accountOf(1), ...place, ...reason, redriveRequestedAt: null };
  shared.parked.set(accountOf(1), park);
  shared.parked.set(accountOf(2), { ...park, subject: accountOf(2), position: 6, lastPosition: 6 });
  shared.position = 6;
  start(t, log, createMemoryStore(shared, 'a'));
  await waitUntil(() => shared.users.size === 1);
  await waitUntil(() => shared.requested.size === 0);
  t.deepEqual([...shared.parked.keys()], [accountOf(2)], 'it does not know this one either');
});

test('redrives end a stall for too many parked subjects', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  for (let n = 1; n <= 1_200; n += 1) {
    const place = { position: 1, lastPosition: 1, waiting: 1 };
    const reason = { reason: 'undecodable', detail: null, traceId: null } as const;
    const park = { subject: accountOf(n), ...place, ...reason, redriveRequestedAt: null };
    shared.parked.set(accountOf(n), park);
  }
  await append(log, registeredMessages(2_000, dataKeys));
  const { projection } = start(t, log, createMemoryStore(shared, 'a'));
  await waitUntil(() => shared.position === 3);
  t.is(shared.users.size, 1, 'a batch that parks nobody is applied');
  await append(log, broken(3_000));
  await waitUntil(() => projection.status().state === 'stalled');
  shared.discarded.add(1);
  for (let n = 1; n <= 1_200; n += 1) shared.requested.add(accountOf(n));
  await waitUntil(() => shared.parked.size < 1_200);
});
