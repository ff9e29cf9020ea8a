import { subjects } from '@zameni/contracts';
import { delay, type SecureDeletion } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, createTestDataKeys, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import {
  append,
  createSurroundings,
  deletionOf,
  erasure,
  isDone,
  startReactors,
  subjectsIn,
} from './eraser.fixture.ts';
import { createMemoryEraserStore, wholeCluster } from './memory-eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();
const forEver = Number.MAX_SAFE_INTEGER;

test('a backlog of erasures makes few queries at a time', async (t) => {
  const given = createSurroundings();
  const { log, shared, store } = given;
  let asking = 0;
  let most = 0;
  const counted = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    asking += 1;
    most = Math.max(most, asking);
    await delay(1, signal);
    asking -= 1;
    return ask();
  };
  for (let n = 1; n <= 100; n += 1) await append(log, erasure(n));
  startReactors(t, {
    ...given,
    servers: (end) => counted(() => wholeCluster(end)),
    store: { ...store, noteErasure: (erasure) => counted(() => store.noteErasure(erasure)) },
  });
  await waitUntil(() => shared.noted.length === 200);
  t.is(most, 4);
});

test('records silent servers before anything is deleted, and again with each step', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  const steps: string[] = [];
  const deletion: SecureDeletion = {
    deleteUpTo: async (subject) => steps.push(`${subject}, ${shared.noted.length} noted`),
  };
  await append(log, erasure(1, { claims: [] }));
  const servers = async () => ({
    head: forEver,
    leader: 'n1',
    names: ['n1'],
    silent: ['n2'],
    catchingUp: [],
  });
  startReactors(t, { ...given, deletion, servers });
  await waitUntil(() => steps.length === 2);
  t.deepEqual(steps, [`${subjects.key(userIdOf(1))}, 1 noted`, `${deletionOf(1)}, 3 noted`]);
  const named = { userId: userIdOf(1), position: 1, behind: ['n2'] };
  t.deepEqual(
    shared.noted,
    (['nothing', 'key', 'all'] as const).map((isGone) => ({ ...named, isGone })),
  );
});

test('records a server that does not catch up within the grace period', async (t) => {
  const given = createSurroundings();
  await append(given.log, erasure(1));
  let looks = 0;
  const servers = async () => {
    looks += 1;
    return {
      head: forEver,
      leader: 'n1',
      names: ['n1', 'n2', 'n3'],
      silent: [],
      catchingUp: looks < 3 ? ['n2', 'n3'] : ['n3'],
    };
  };
  startReactors(t, { ...given, servers });
  await waitUntil(() => given.shared.noted.length === 2);
  t.deepEqual(
    given.shared.noted.map(({ behind }) => behind),
    [['n3'], ['n3']],
  );
});

test('a log that is away stalls it, and the deletion is done again', async (t) => {
  const given = createSurroundings();
  let isBroken = true;
  const away = async () => {
    if (isBroken) throw new TypeError('away');
  };
  const broken: SecureDeletion = {
    deleteUpTo: async (subject, upTo, signal) => {
      await away();
      return given.deletion.deleteUpTo(subject, upTo, signal);
    },
  };
  const servers = (end: AbortSignal) => away().then(() => wholeCluster(end));
  await append(given.log, erasure(1));
  const { eraser } = startReactors(t, { ...given, deletion: broken, servers });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { reason: 'TypeError' });
  t.is(eraser.progress(), undefined);
  isBroken = false;
  await waitUntil(() => isDone(given, 1));
  await waitUntil(() => eraser.status().state === 'active');
  t.is(given.deletion.deleted.length, 3);
});

test('does not trust a log that is behind a record it has read', async (t) => {
  const given = createSurroundings();
  await append(given.log, registeredMessages(1, dataKeys), erasure(1));
  const servers = async () => ({
    head: 3,
    leader: 'n1',
    names: ['n1'],
    silent: [],
    catchingUp: [],
  });
  const { eraser } = startReactors(t, { ...given, servers });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { reason: 'StaleLeaderError' });
  t.deepEqual(given.deletion.deleted, []);
});

test('does not trust a stale log that has nothing left', async (t) => {
  const given = createSurroundings();
  await append(given.log, erasure(1));
  // Another server answers for the log during the deletions, until the fault was seen.
  let isOver = false;
  const servers = async () => {
    const head = given.deletion.deleted.length > 0 && !isOver ? 0 : forEver;
    return { head, leader: 'n1', names: ['n1'], silent: [], catchingUp: [] };
  };
  const { eraser } = startReactors(t, { ...given, servers });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { reason: 'StaleLeaderError' });
  t.deepEqual(given.shared.noted, []);
  isOver = true;
  await waitUntil(() => isDone(given, 1));
  const named = [subjects.key(userIdOf(1)), subjects.claim(claimOf(1))];
  t.deepEqual(subjectsIn(given), [...named, ...named, deletionOf(1)]);
});

test('a second eraser stands by, and takes over when the first one stops', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  const first = startReactors(t, given);
  await waitUntil(() => shared.holder === 'a');
  const second = startReactors(t, { ...given, store: createMemoryEraserStore(shared, 'b') });
  await waitUntil(() => second.eraser.status().state === 'standby');
  await first.stop();
  await append(log, erasure(1));
  await waitUntil(() => isDone(given, 1));
  t.is(second.eraser.status().state, 'active');
});

test('an eraser whose lease is gone stands by', async (t) => {
  const given = createSurroundings();
  const { eraser } = startReactors(t, given);
  await waitUntil(() => eraser.status().state === 'active');
  given.shared.holder = 'b';
  await waitUntil(() => eraser.status().state === 'standby');
  t.is(eraser.progress(), undefined);
});
