import { parseAttemptRecord, subjects } from '@zameni/contracts';
import { delay, type EventLog } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { claimOf, userIdOf } from '../accounts.fixture.ts';
import { createSlots } from '../async/slots.ts';
import { attemptMessages, closedMessages, EXPIRES_AT } from '../attempts.fixture.ts';
import { createAddressAttempts } from './address-attempts.ts';
import { createCoveredPosition } from './covered-position.ts';
import { append, createSurroundings, deletionMessage } from './eraser.fixture.ts';
import { createStuckLog } from './memory-eraser.fixture.ts';
import type { EraserStore } from './store.ts';

const { signal } = new AbortController();
const claim = claimOf(1);
const attemptOf = (n: number) => subjects.attempt(userIdOf(n));

/** A log with attempts on one address, one on another, and the erasure of the first. */
async function createSetup(attempts: readonly number[], maxFound?: number) {
  const given = createSurroundings(maxFound);
  const { log, shared } = given;
  for (const n of attempts) await append(log, attemptMessages(n, claim));
  await append(log, attemptMessages(99, claimOf(2)));
  await append(log, [deletionMessage(1, { addresses: [claim] })]);
  const before = attempts.length + 2;
  const stateOf = async (n: number) => {
    const records = await log.readSubject(attemptOf(n), signal);
    return records.map(({ data }) => parseAttemptRecord(data)?.state);
  };
  return { ...given, shared, before, which: { claim, before }, stateOf };
}

type Setup = Awaited<ReturnType<typeof createSetup>>;

/** Makes attempts on addresses void until the test ends. */
function start(
  t: ExecutionContext,
  { deletion, store, ...given }: Setup,
  bend: {
    readonly log?: EventLog;
    readonly store?: Partial<EraserStore>;
    readonly now?: Date;
  } = {},
) {
  const stopping = new AbortController();
  t.teardown(() => stopping.abort());
  const { log = given.log, now = new Date('2026-03-04T06:00:00.000Z') } = bend;
  const bent = { ...store, ...bend.store };
  const end = stopping.signal;
  return createAddressAttempts({
    log,
    deletion,
    now: () => now,
    store: bent,
    covered: createCoveredPosition({ read: bent.readCoveredPosition, signal: end }),
    questions: createSlots(4),
    signal: end,
  });
}

/** Whether a promise has resolved by now. */
function watch(promise: Promise<void>): () => boolean {
  let isOver = false;
  promise.then(
    () => (isOver = true),
    () => undefined,
  );
  return () => isOver;
}

test('ends every attempt from before the erasure, and no other', async (t) => {
  const setup = await createSetup([1, 2, 3, 4, 5]);
  await append(setup.log, attemptMessages(6, claim));
  let rounds = 0;
  const findAttempts: EraserStore['findAttempts'] = async (which) => {
    rounds += 1;
    return setup.store.findAttempts(which);
  };
  await start(t, setup, { store: { findAttempts } }).endAll(setup.which);
  for (const n of [1, 2, 3, 4, 5]) t.deepEqual(await setup.stateOf(n), ['void']);
  for (const n of [6, 99]) t.deepEqual(await setup.stateOf(n), ['open']);
  // Each round finds two at most, and the last one finds none.
  t.is(rounds, 4);
});

test('an address without attempts is done at once, when the read model is there', async (t) => {
  const setup = await createSetup([]);
  await start(t, setup).endAll(setup.which);
  t.is(await setup.log.head(signal), setup.before);
});

test('waits until the read model covers the erasure, but not its own records', async (t) => {
  const setup = await createSetup([1, 2]);
  const { log, shared, before, stateOf } = setup;
  shared.end = before - 1;
  const isOver = watch(start(t, setup).endAll(setup.which));
  await waitUntil(() => shared.covered === before - 1);
  await delay(100, signal);
  t.is(await log.head(signal), before);
  t.false(isOver());
  shared.end = before;
  await waitUntil(isOver);
  shared.end = Number.MAX_SAFE_INTEGER;
  await shared.project();
  for (const n of [1, 2]) t.like(shared.attempts.get(userIdOf(n)), { state: 'void', claim: null });
  for (const n of [1, 2]) t.deepEqual(await stateOf(n), ['void']);
});

test('does not trust an empty result of a database that is behind', async (t) => {
  const setup = await createSetup([1]);
  let asked = 0;
  const findAttempts: EraserStore['findAttempts'] = async (which) => {
    asked += 1;
    if (asked === 1) return { ids: [], covered: which.before - 1 };
    return setup.store.findAttempts(which);
  };
  await start(t, setup, { store: { findAttempts } }).endAll(setup.which);
  t.is(asked, 3);
  t.deepEqual(await setup.stateOf(1), ['void']);
});

test('an attempt that was closed or used again in between counts as void', async (t) => {
  const setup = await createSetup([1, 2]);
  const { log, shared, before, stateOf } = setup;
  shared.end = before;
  await append(log, closedMessages(1, 1, 'erasure'));
  const [again] = attemptMessages(2, claim);
  if (again === undefined) return t.fail();
  await append(log, [{ ...again, expectedPosition: 2 }]);
  await start(t, setup).endAll(setup.which);
  shared.end = Number.MAX_SAFE_INTEGER;
  await shared.project();
  t.like(shared.attempts.get(userIdOf(1)), { state: 'gone', claim: null });
  t.like(shared.attempts.get(userIdOf(2)), { state: 'open', claim });
  t.deepEqual(await stateOf(1), ['closed']);
  t.deepEqual(await stateOf(2), ['open']);
});

test('removes the row of an attempt that is no longer in the log', async (t) => {
  const setup = await createSetup([1, 2]);
  const { log, shared, stateOf } = setup;
  await shared.project();
  await log.deleteUpTo(attemptOf(1), 1, signal);
  // The other one is past its instant.
  await start(t, setup, { now: new Date(EXPIRES_AT) }).endAll(setup.which);
  t.deepEqual(await stateOf(2), ['void']);
  t.deepEqual([...shared.attempts.keys()], [2, 99].map(userIdOf));
});

test('makes four attempts void at a time, of any number of addresses', async (t) => {
  const setup = await createSetup([1, 2, 3, 4, 5, 6], 64);
  await append(setup.log, attemptMessages(7, claimOf(3)), [deletionMessage(2, {})]);
  const { log, letGo, stuck } = createStuckLog(setup.log);
  const attempts = start(t, setup, { log });
  const before = setup.before + 2;
  const all = [claim, claimOf(2), claimOf(3)].map((k) => attempts.endAll({ claim: k, before }));
  await waitUntil(() => stuck() === 4);
  await delay(100, signal);
  t.is(stuck(), 4);
  letGo();
  await Promise.all(all);
  for (const n of [1, 2, 3, 4, 5, 6, 7, 99]) t.deepEqual(await setup.stateOf(n), ['void']);
});

test('a fault at one attempt rejects', async (t) => {
  const setup = await createSetup([1, 2]);
  const log: EventLog = {
    ...setup.log,
    append: async () => ({ status: 'rejected', cause: new Error('too large') }),
  };
  const ending = start(t, setup, { log }).endAll(setup.which);
  await t.throwsAsync(ending, { name: 'ReplaceError' });
});
