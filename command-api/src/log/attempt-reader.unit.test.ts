import { type AttemptRecord, subjects } from '@zameni/contracts';
import { createAttemptKeys, type EventLog } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import {
  closing,
  EXPIRES,
  HOME,
  JOVAN,
  MILA,
  openAttempt,
  VERA,
} from '../domain/situation.fixture.ts';
import { createAttemptRing } from '../testing/rings.fixture.ts';
import { createLoadAttempt } from './attempt-reader.ts';
import { signal } from './log.fixture.ts';

const ring = createAttemptRing();
const attemptKeys = createAttemptKeys(ring);
const NOW = `${ring.current}T10:00:00.000Z`;
const later = '9999-01-01T00:00:00.000Z';

const open = attemptKeys.seal(
  VERA,
  {
    state: 'open',
    claim: HOME,
    locale: openAttempt.locale,
    time: NOW,
    expiresAt: later,
    actor: { type: 'anonymous', id: 'anonymous' },
    causationId: 'request-1',
  },
  { data: openAttempt.data, fingerprint: openAttempt.fingerprint },
);

/** A log with the records of Vera's attempt. */
async function createLog(...records: readonly (AttemptRecord | string)[]): Promise<EventLog> {
  const log = createMemoryLog();
  for (const [expectedPosition, record] of records.entries()) {
    const data = typeof record === 'string' ? record : JSON.stringify(record);
    await log.append([{ subject: subjects.attempt(VERA), data, expectedPosition }], signal);
  }
  return log;
}

test('opens an attempt and returns the record that a change is guarded on', async (t) => {
  const load = createLoadAttempt({ log: await createLog(open), attemptKeys });
  const { state, last } = await load(VERA, NOW, signal);
  t.deepEqual(state, {
    ...openAttempt,
    position: 1,
    of: 1,
    expiresAt: later,
    requestedAt: NOW,
  });
  t.is(last?.position, 1);
});

test('the last record counts', async (t) => {
  const closed = { ...closing('proof', MILA), expiresAt: later };
  const load = createLoadAttempt({ log: await createLog(open, closed), attemptKeys });
  const { state, last } = await load(VERA, NOW, signal);
  t.deepEqual(state, {
    state: 'closed',
    position: 2,
    of: closed.attempt,
    expiresAt: later,
    by: 'proof',
    userId: MILA,
  });
  t.is(last?.position, 2);
});

test('an attempt that is over is absent, but guards a change by its record', async (t) => {
  const log = await createLog({ ...closing('not-mine'), expiresAt: EXPIRES });
  const { state, last } = await createLoadAttempt({ log, attemptKeys })(VERA, later, signal);
  t.deepEqual(state, { state: 'absent' });
  t.is(last?.position, 1);
});

test('an attempt whose key is destroyed is over', async (t) => {
  const others = createAttemptKeys({
    current: ring.current,
    keys: new Map([...ring.keys].filter(([day]) => day !== open.key)),
  });
  const load = createLoadAttempt({ log: await createLog(open), attemptKeys: others });
  t.like((await load(VERA, NOW, signal)).state, { state: 'over' });
});

test('an attempt without a record is absent', async (t) => {
  const load = createLoadAttempt({ log: await createLog(open), attemptKeys });
  t.deepEqual(await load(JOVAN, NOW, signal), { state: { state: 'absent' }, last: undefined });
});

const isFault = test.macro<[AttemptRecord | string]>({
  title: (title = '') => `${title} is a fault, never an answer`,
  exec: async (t, record) => {
    const load = createLoadAttempt({ log: await createLog(record), attemptKeys });
    const error = await t.throwsAsync(load(VERA, NOW, signal));
    t.like(error, { code: 'log-unavailable', retryAfterSeconds: 1 });
    t.false(error.message.includes('vera@example.org'));
  },
});
test('a record that is no JSON', isFault, '{"state":');
test('a record of another form', isFault, '{"state":"lent"}');
for (const [name, changed] of [
  ['instant', { expiresAt: '9999-02-01T00:00:00.000Z' }],
  ['digest', { claim: 'x'.repeat(43) }],
] as const) {
  test(`a record with another ${name} than was sealed is over, never opened`, async (t) => {
    const log = await createLog({ ...open, ...changed });
    const { state } = await createLoadAttempt({ log, attemptKeys })(VERA, NOW, signal);
    t.like(state, { state: 'over', position: 1 });
  });
}
