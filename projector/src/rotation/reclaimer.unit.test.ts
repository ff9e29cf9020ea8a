import { decodeText, subjects, subjectFilters } from '@zameni/contracts';
import {
  type ClaimPhase,
  createLogger,
  type EventLog,
  type PepperRing,
  type SecureDeletion,
  toClaimLayout,
} from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { claimOf, userIdOf } from '../accounts.fixture.ts';
import { createMemoryEraserStore, createSharedErasures } from '../erasure/memory-eraser.fixture.ts';
import { createReclaimer } from './reclaimer.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();
const keys = new Map(['1', '2'].map((id) => [id, Buffer.alloc(32, Number(id))]));
const layers = ['1', '2'];
const inPhase = (phase: ClaimPhase): PepperRing => {
  return { current: '1', keys, layers, phase };
};
const after: PepperRing = { current: '2', keys, layers };
const held = (n: number) =>
  JSON.stringify({
    state: 'held',
    userId: userIdOf(n),
    verified: true,
  });
const newOf = (n: number) => toClaimLayout(after).placeOf(claimOf(n)).believed;

async function createLog(count: number) {
  const log = createMemoryLog();
  for (let n = 1; n <= count; n += 1) {
    const message = { subject: subjects.claim(claimOf(n)), data: held(n), expectedPosition: 0 };
    await log.append([message], signal);
  }
  return log;
}

function start(
  t: ExecutionContext,
  log: EventLog & SecureDeletion,
  ring: { current: PepperRing },
  { shared = createSharedErasures(log), me = 'a' } = {},
) {
  const stopping = new AbortController();
  const reclaimer = createReclaimer({
    log,
    deletion: log,
    peppers: { current: () => ring.current },
    now: () => new Date(),
    store: createMemoryEraserStore(shared, me),
    logger,
    standbyMs: 5,
    idleMs: 5,
  });
  const running = reclaimer.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  t.teardown(stop);
  return { reclaimer, stop };
}

test('copies in one phase, deletes in another, and reports when each is done', async (t) => {
  const log = await createLog(300);
  const ring = { current: inPhase('write-both') };
  const { reclaimer } = start(t, log, ring);
  await waitUntil(async () => reclaimer.status().state === 'active');
  t.is(reclaimer.progress(), undefined);

  ring.current = inPhase('copy');
  await waitUntil(async () => reclaimer.progress()?.isDone === true);
  t.deepEqual(reclaimer.progress(), { phase: '2:copy', isDone: true, found: 0 });
  for (const n of [1, 300]) {
    const record = await log.readLastFromLeader(newOf(n), signal);
    t.is(record && decodeText(record.data), held(n));
    t.truthy(await log.readLastFromLeader(subjects.claim(claimOf(n)), signal));
  }

  ring.current = inPhase('delete');
  await waitUntil(async () => reclaimer.progress()?.phase === '2:delete');
  await waitUntil(async () => reclaimer.progress()?.isDone === true);
  for (const n of [1, 300]) {
    t.false(await log.hasRecord(subjects.claim(claimOf(n)), signal));
    t.true(await log.hasRecord(newOf(n), signal));
  }
  ring.current = after;
  await waitUntil(async () => reclaimer.progress() === undefined);
});

test('is not done while a pass still finds something to do', async (t) => {
  const memory = await createLog(3);
  let isOpen = false;
  const log: typeof memory = {
    ...memory,
    append: async (...append) => (isOpen ? memory.append(...append) : { status: 'busy' }),
  };
  const { reclaimer } = start(t, log, { current: inPhase('copy') });
  await waitUntil(async () => reclaimer.progress()?.found === 3);
  t.false(reclaimer.progress()?.isDone);
  isOpen = true;
  await waitUntil(async () => reclaimer.progress()?.isDone === true);
});

test('the next reclaimer finishes interrupted work from ring and log alone', async (t) => {
  const memory = await createLog(600);
  const shared = createSharedErasures(memory);
  const ring = { current: inPhase('copy') };
  const cut = Promise.withResolvers<void>();
  const first = start(
    t,
    {
      ...memory,
      append: async (messages, aborted) => {
        const outcome = await memory.append(messages, aborted);
        cut.resolve();
        return outcome;
      },
    },
    ring,
    { shared, me: 'a' },
  );
  await cut.promise;
  await first.stop();
  const second = start(t, memory, ring, { shared, me: 'b' });
  await waitUntil(async () => second.reclaimer.progress()?.isDone === true);
  const { bySubject } = await memory.countRecords(subjectFilters.claims, signal);
  const counts = [...bySubject].filter(([subject]) => !subject.includes('mark:'));
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  t.is(all, 3 * 600, 'each claim was copied once');
});
