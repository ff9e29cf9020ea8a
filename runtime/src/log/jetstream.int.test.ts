import { jetstreamManager } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import test from 'ava';
import { connectTestNats, createTestLog, PATIENT, waitUntil } from '../testing/index.ts';
import { eventLogSuite } from './event-log.suite.ts';
import { MAX_SUBJECT_RECORDS } from './event-log.ts';
import { createJetStreamLog } from './jetstream.ts';

/** Other tests keep the servers busy at the same time. */
const PATIENTLY = { timeout: 30_000 };

eventLogSuite(test, 'JetStream', createTestLog);

test('an expiring message is stored with its lifetime', async (t) => {
  const { log, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const outcome = await log.append(
    [{ subject: subject('a'), data: '{}', expectedPosition: 0, ttlSeconds: 2_592_000 }],
    signal,
  );
  t.is(outcome.status, 'appended');
  t.truthy(await log.readFirst(subject('a'), signal));
});

test('a single message is appended without a batch, several in one', async (t) => {
  const { log, stream, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const jsm = await jetstreamManager(await connectTestNats(t, 'admin'), { checkAPI: false });
  const message = (name: string) => ({ subject: subject(name), data: '{}', expectedPosition: 0 });
  t.is((await log.append([{ ...message('a'), ttlSeconds: 60 }], signal)).status, 'appended');
  t.is((await log.append([message('b'), message('c')], signal)).status, 'appended');
  const batchOf = async (seq: number) =>
    (await jsm.streams.getMessage(stream, { seq }))?.header.get('Nats-Batch-Id');
  t.is(await batchOf(1), '');
  t.truthy(await batchOf(2));
  t.is(await batchOf(3), await batchOf(2));
});

test('the room of a log is reported if it has a bound', async (t) => {
  const { log, stream, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const jsm = await jetstreamManager(await connectTestNats(t, 'admin'), { checkAPI: false });
  t.is(await log.room(signal), undefined);
  const maxBytes = 10 * 1024 * 1024;
  await jsm.streams.update(stream, { max_bytes: maxBytes });
  t.deepEqual(await log.room(signal), { bytes: 0, maxBytes });
  const data = 'x'.repeat(10_000);
  await log.append([{ subject: subject('a'), data, expectedPosition: 0 }], signal);
  const { bytes = 0 } = (await log.room(signal)) ?? {};
  t.true(bytes > data.length && bytes < 2 * data.length);
});

test('an append without an answer in time has an unknown outcome', async (t) => {
  const { log, subject } = await createTestLog(t, { appendDeadlineMs: 1 });
  const messages = Array.from({ length: 500 }, (_, n) => ({
    subject: subject(`${n}`),
    data: `"${'x'.repeat(500)}"`,
    expectedPosition: 0,
  }));
  const outcome = await log.append(messages, AbortSignal.timeout(60_000));
  t.is(outcome.status, 'unknown');
});

test('a subject is read up to its bound of records, and refused beyond it', async (t) => {
  const { log, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const nc = await connectTestNats(t, 'admin');
  const publish = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, n) => nc.request(subject('a'), `${n}`, PATIENTLY)),
    );
  await publish(1_500);
  await waitUntil(async () => (await log.readSubject(subject('a'), signal)).length === 1_500);
  await publish(MAX_SUBJECT_RECORDS - 1_500);
  await waitUntil(
    async () => (await log.readSubject(subject('a'), signal)).length === MAX_SUBJECT_RECORDS,
  );
  await publish(1);
  await waitUntil(() =>
    log.readSubject(subject('a'), signal).then(
      () => false,
      (error: unknown) => error instanceof RangeError,
    ),
  );
  t.is((await log.readLastFromLeader(subject('a'), signal))?.position, MAX_SUBJECT_RECORDS + 1);
});

test('more subjects than one multi-get takes are read in several requests', async (t) => {
  const { log, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const nc = await connectTestNats(t, 'admin');
  const names = Array.from({ length: 1_100 }, (_, n) => subject(`${n}`));
  await Promise.all(names.map((name) => nc.request(name, '{}', PATIENTLY)));
  await waitUntil(async () => (await log.readLast(names, signal)).size === names.length);
  t.pass();
});

test('a direct get leaves no subscription behind', async (t) => {
  const { stream, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(60_000);
  const nc = await connectTestNats(t, 'admin');
  const log = await createJetStreamLog(nc, { stream, user: 'admin', ...PATIENT });
  const subscribe = nc.subscribe.bind(nc);
  const subscriptions: Subscription[] = [];
  nc.subscribe = (...call) => {
    const subscription = subscribe(...call);
    subscriptions.push(subscription);
    return subscription;
  };
  await log.append([{ subject: subject('a'), data: '{}', expectedPosition: 0 }], signal);
  await log.readLast([subject('a'), subject('b')], signal);
  await log.readSubject(subject('a'), signal);
  await log.readSubject(subject('b'), signal);
  // More than one for each call if a server was slow, and another one was asked too.
  t.true(subscriptions.length >= 3);
  await waitUntil(() => subscriptions.every((subscription) => subscription.isClosed()));
});
