import { subjects } from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { LogMessage, LogRecord } from '@zameni/runtime';
import test from 'ava';
import {
  claimOf,
  createTestDataKeys,
  erasedMessages,
  registeredMessages,
  userIdOf,
} from '../accounts.fixture.ts';
import {
  attemptMessages,
  closedMessages,
  deletionMessages,
  openAttempt,
  voidedAttempt,
  voidedMessages,
} from '../attempts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import { createParking, type ParkingChanges } from '../parking/changes.ts';
import type { ProjectedRecord } from '../read-models/record.ts';
import { readRecords } from './read-records.ts';

const { signal } = new AbortController();
const dataKeys = createTestDataKeys();
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

type Read = ParkingChanges & { readonly projected: readonly ProjectedRecord[] };

type Before = { readonly parked?: readonly string[]; readonly discarded?: readonly number[] };

/** Reads messages as records at positions 1, 2, …; the log itself is empty. */
async function read(messages: readonly LogMessage[], before: Before = {}): Promise<Read> {
  const records = messages.map(
    ({ subject, data }, index): LogRecord => ({
      subject,
      position: index + 1,
      data: Buffer.from(data),
      traceparent,
    }),
  );
  const counts = { head: records.length, bySubject: new Map<string, number>() };
  const log = { ...createMemoryLog(), countRecords: async () => counts };
  const keys = createPeopleKeys({ log, dataKeys }, { maxKeys: 10, missingMs: 0 });
  const parking = createParking(new Map((before.parked ?? []).map((subject) => [subject, 1])));
  const discarded = new Set(before.discarded);
  const projected = await readRecords(records, {
    keys,
    parking,
    discarded,
    readWaiting: async ({ subject, from, before: end }) =>
      records.filter((each) => {
        return each.subject === subject && each.position >= from && each.position < end;
      }),
    signal,
    onStep: () => undefined,
  });
  return { projected, ...parking.changes() };
}

test('reads records of every kind in order, and keys for the events after them', async (t) => {
  const wish = { subject: subjects.mailWish(userIdOf(9)), data: '{}', expectedPosition: 0 };
  const farewell = { ...wish, subject: subjects.farewell(userIdOf(9)) };
  const { projected, parks } = await read([
    ...attemptMessages(1),
    ...registeredMessages(2, dataKeys),
    ...voidedMessages(1, 1),
    ...deletionMessages(1, { addresses: [claimOf(2)] }),
    wish,
    farewell,
  ]);
  t.deepEqual(parks, []);
  t.like(projected, [
    {
      kind: 'attempt',
      attempt: {
        attemptId: userIdOf(1),
        position: 1,
        record: openAttempt(claimOf(1)),
        traceparent,
      },
    },
    { kind: 'event', event: { position: 4, personal: 'open' } },
    { kind: 'attempt', attempt: { position: 5, record: voidedAttempt(1) } },
  ]);
});

test('reads nothing of deletion records', async (t) => {
  const { projected, parks } = await read([
    broken(subjects.deletion(userIdOf(1))),
    ...attemptMessages(1),
  ]);
  t.deepEqual([projected.length, parks], [1, []]);
});

const parksIt = test.macro<[LogMessage | undefined, string]>({
  title: (what) => `parks ${what ?? ''}, and reads what comes after it`,
  exec: async (t, message, reason) => {
    if (message === undefined) return t.fail();
    const { projected, parks } = await read([message, ...attemptMessages(3)]);
    t.is(projected.length, 1);
    const { subject } = message;
    const place = { subject, position: 1, lastPosition: 1, waiting: 1 };
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const first = { detail: null, traceId, redriveRequestedAt: null };
    t.deepEqual(parks as unknown, [{ ...place, reason, ...first }]);
  },
});

const broken = (subject: string) => ({ subject, data: '{"state":"open"}', expectedPosition: 0 });
const account = subjects.account(userIdOf(1));
test('an unreadable attempt', parksIt, broken(subjects.attempt(userIdOf(1))), 'undecodable');
test('a kind of a later version', parksIt, broken('zameni.later.1'), 'newer');
test('an event', parksIt, broken(account), 'undecodable');
test('an event without key', parksIt, registeredMessages(2, dataKeys)[2], 'key-missing');

test('further records of a parked subject wait, in this batch and in the next', async (t) => {
  const first = await read([broken(account), ...attemptMessages(3), broken(account)]);
  t.like(first.parks, [{ subject: account, position: 1, lastPosition: 3, waiting: 2 }]);
  const next = await read([...registeredMessages(1, dataKeys)], { parked: [account] });
  t.deepEqual(next.projected, []);
  t.deepEqual(next.waits, [{ subject: account, lastPosition: 3, waiting: 1 }]);
});

test('an erasure is read while its account is parked, and ends that', async (t) => {
  const messages = [broken(account), ...erasedMessages(1, 1)];
  const { projected, parks, unparked } = await read(messages);
  t.like(projected, [{ kind: 'event', event: { event: { name: 'erased' } } }]);
  t.deepEqual([parks, unparked], [[], []]);
  const later = await read(erasedMessages(1, 1), { parked: [account] });
  t.is(later.projected.length, 1);
  t.deepEqual(later.unparked, [{ subject: account }]);
});

test('what waits for an account that is erased is read without personal data', async (t) => {
  // The key is still there: the bug was in the fold.
  const messages = [...registeredMessages(1, dataKeys), broken(account), ...erasedMessages(1, 4)];
  const { projected, unparked } = await read(messages, { parked: [account] });
  t.like(projected, [
    { event: { position: 3, personal: 'erased', event: { name: 'registered' } } },
    { event: { position: 5, event: { name: 'erased' } } },
  ]);
  t.is(projected.length, 2);
  t.deepEqual(unparked, [{ subject: account }]);
});

test('an erased attempt is read while it is parked, and that ends', async (t) => {
  const subject = subjects.attempt(userIdOf(1));
  const messages = [broken(subject), ...closedMessages(1, 1, 'erasure')];
  const { projected, parks } = await read(messages);
  t.like(projected, [{ kind: 'attempt', attempt: { record: { by: 'erasure' } } }]);
  t.deepEqual(parks, []);
  const proven = await read(closedMessages(1, 1, 'not-mine'), { parked: [subject] });
  t.deepEqual([proven.projected.length, proven.waits.length], [0, 1]);
});

test('a discarded record is skipped, and what comes after it is read', async (t) => {
  const messages = [broken(account), ...registeredMessages(1, dataKeys)];
  const { projected, parks } = await read(messages, { discarded: [1] });
  t.deepEqual([projected.length, parks], [1, []]);
});
