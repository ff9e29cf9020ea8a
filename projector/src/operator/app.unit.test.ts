import { ProjectorStatus } from '@zameni/contracts';
import { createLogger, createRateLimits } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { WorkStatus } from '../lease/status.ts';
import { createOperatorApp } from './app.ts';
import { OPERATOR_LIMIT } from './operator-access.ts';
import { createMemoryOperatorStore } from './parked-store.fixture.ts';
import { createMemoryReadModelsStore } from './read-models-store.fixture.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

function createTestApp(
  status: WorkStatus,
  head = async () => 50,
  eraserStatus: WorkStatus = { state: 'active', position: 40 },
  parked: () => number | null | Promise<number> = () => 2,
) {
  return createOperatorApp({
    logger,
    log: { head },
    status: () => ({ ...status, version: 1 }),
    parked,
    readModelsStore: createMemoryReadModelsStore(),
    parkedRoutes: {
      tokens: { verify: async () => undefined },
      store: createMemoryOperatorStore([]),
      limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger }),
      logger,
      actorOf: ({ subject }) => subject,
    },
    eraser: {
      status: () => eraserStatus,
      progress: () => ({ left: 3, stuck: 1, stuckReason: 'record 7: wrong' }),
    },
    auditor: {
      status: () => ({ state: 'active', position: 0 }),
      progress: () => ({
        servers: [
          { server: 'n1', state: 'healthy', reason: null },
          { server: 'n2', state: 'damaged', reason: 'records-differ' },
        ],
        comparedUpTo: 40,
      }),
    },
    rewrapper: {
      status: () => ({ state: 'active', position: 30 }),
      progress: () => ({ kek: '2', left: 7, unusable: 0 }),
    },
    reclaimer: {
      status: () => ({ state: 'active', position: 0 }),
      progress: () => ({ phase: '2:copy', isDone: false, found: 5 }),
    },
    keyRings: {
      kek: { current: () => ({ current: '2', keys: new Map([['2', Buffer.alloc(32)]]) }) },
    },
    checks: { nats: async () => undefined },
    degradedChecks: { redis: async () => Promise.reject(new Error('away')) },
  });
}

test('is ready while active or on standby, and names a missing optional dependency', async (t) => {
  for (const state of ['active', 'standby'] as const) {
    const app = createTestApp({ state, position: 42 });
    const response = await app.inject('/readyz');
    t.is(response.statusCode, 200);
    t.deepEqual(response.json(), { ready: true, missing: [], degraded: ['redis'] });
  }
});

test('is not ready before it knows its role', async (t) => {
  const response = await createTestApp({ state: 'starting', position: 0 }).inject('/readyz');
  t.is(response.statusCode, 503);
  t.like(response.json(), { missing: ['projection'] });
});

test('a stalled projection is not ready and reports position and reason', async (t) => {
  const app = createTestApp({
    state: 'stalled',
    position: 42,
    reason: 'LogReadError: the log went silent',
  });
  t.is((await app.inject('/readyz')).statusCode, 503);
  t.deepEqual((await app.inject('/status')).json(), {
    projection: 'accounts',
    version: 1,
    role: 'stalled',
    position: 42,
    head: 50,
    lag: 8,
    reason: 'LogReadError: the log went silent',
    parked: 2,
    eraser: { role: 'active', left: 3, stuck: 1, stuckReason: 'record 7: wrong' },
    auditor: {
      role: 'active',
      servers: [
        { server: 'n1', state: 'healthy' },
        { server: 'n2', state: 'damaged', reason: 'records-differ' },
      ],
      comparedUpTo: 40,
    },
    rewrapper: { role: 'active', kek: '2', left: 7, unusable: 0 },
    reclaimer: { role: 'active', phase: '2:copy', isDone: false, found: 5 },
  });
});

test('a stalled eraser makes the process not ready and reports the reason', async (t) => {
  const app = createTestApp({ state: 'active', position: 42 }, undefined, {
    state: 'stalled',
    position: 41,
    reason: 'SecureDeletionError',
  });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.like(response.json(), { missing: ['eraser'] });
  t.deepEqual((await app.inject('/status')).json().eraser, {
    role: 'stalled',
    left: 3,
    stuck: 1,
    stuckReason: 'record 7: wrong',
    reason: 'SecureDeletionError',
  });
});

test('reports its position even if the log does not answer', async (t) => {
  const app = createTestApp({ state: 'active', position: 42 }, async () => {
    throw new Error('away');
  });
  t.like((await app.inject('/status')).json(), { position: 42, head: null, lag: null });
});

test('reports that the number of parked subjects is unknown', async (t) => {
  for (const parked of [() => null, () => Promise.reject(new Error('away'))]) {
    const app = createTestApp({ state: 'active', position: 42 }, undefined, undefined, parked);
    t.like((await app.inject('/status')).json(), { position: 42, parked: null });
  }
});

test('asks for a token before it shows what is parked', async (t) => {
  const app = createTestApp({ state: 'active', position: 42 });
  t.is((await app.inject('/v1/parked')).statusCode, 401);
});

test('every status fits the schema that its readers check', async (t) => {
  for (const status of [
    { state: 'starting', position: 0 },
    { state: 'stalled', position: 42, reason: 'TypeError' },
  ] as const) {
    const app = createTestApp(status, undefined, status);
    t.true(Value.Check(ProjectorStatus, (await app.inject('/status')).json()));
  }
});

test('reports the ids of its keys', async (t) => {
  const response = await createTestApp({ state: 'active', position: 42 }).inject('/key-rings');
  t.deepEqual(response.json(), { kek: { current: '2', keys: ['2'] } });
});
