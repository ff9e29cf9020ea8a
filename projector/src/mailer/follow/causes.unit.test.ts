import { type AccountEvent, encodeEvent, subjects } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import test from 'ava';
import {
  claimOf,
  emailChanged,
  happenings,
  metadataOf,
  registration,
  userIdOf,
} from '../../accounts.fixture.ts';
import { closedAttempt, openAttempt, voidedAttempt } from '../../attempts.fixture.ts';
import { causesOf } from './causes.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function recordOf(subject: string, content: object | string, position = 7): LogRecord {
  const data = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return { subject, data, position, traceparent: TRACEPARENT };
}

const userId = userIdOf(1);

function eventRecord(event: AccountEvent): LogRecord {
  return recordOf(
    subjects.account(userId),
    encodeEvent(metadataOf(1), event, event.personal === null ? null : 'AAAA'),
  );
}

const causes = (record: LogRecord) => causesOf(record).map(({ cause }) => cause);

test('an open attempt asks for a mail of a stranger to its mailbox', (t) => {
  const record = recordOf(subjects.attempt(userId), openAttempt(claimOf(1)));
  t.deepEqual(causesOf(record), [
    {
      cause: 'attempt',
      position: 7,
      userId: null,
      attemptId: userId,
      recipient: `attempt ${userId}`,
      mailbox: claimOf(1),
      recordAt: openAttempt('').time,
      traceparent: TRACEPARENT,
    },
  ]);
});

test('an attempt that is closed or void asks for none', (t) => {
  const subject = subjects.attempt(userId);
  t.deepEqual(causesOf(recordOf(subject, closedAttempt(3, 'not-mine'))), []);
  t.deepEqual(causesOf(recordOf(subject, voidedAttempt(3))), []);
});

test('a mail wish asks for a mail to its mailbox', (t) => {
  const wish = { claim: claimOf(2), time: '2026-03-04T05:06:07.089Z' };
  t.like(causesOf(recordOf(subjects.mailWish(userIdOf(9)), wish)), [
    { cause: 'mail-wish', mailbox: claimOf(2), recipient: 'wish 7', recordAt: wish.time },
  ]);
});

const farewell = {
  time: '2026-03-04T05:06:07.089Z',
  locale: 'sr-Cyrl-RS',
  key: '2026-03-04',
  sealed: 'AAAA',
};

test('a farewell asks for the last mail to an account, and the erasure itself for none', (t) => {
  t.deepEqual(causesOf(recordOf(subjects.farewell(userId), farewell)), [
    {
      cause: 'farewell',
      position: 7,
      userId,
      attemptId: null,
      recipient: userId,
      mailbox: null,
      recordAt: farewell.time,
      traceparent: TRACEPARENT,
    },
  ]);
  t.deepEqual(causesOf(eventRecord(happenings.erased)), []);
});

test('a farewell to a former mailbox is for the person, and waits for no other mail', (t) => {
  const change = '01980000-0000-7000-8000-00000000c4a9';
  const former = recordOf(subjects.farewell(change), { ...farewell, userId });
  t.like(causesOf(former)[0], {
    cause: 'farewell',
    userId,
    recipient: `${userId} former ${change}`,
  });
});

test('events of an account ask for mails to it, in its order', (t) => {
  t.like(causesOf(eventRecord(registration(1))), [
    {
      cause: 'registered',
      userId,
      recipient: userId,
      mailbox: null,
      recordAt: metadataOf(1).time,
      traceparent: TRACEPARENT,
    },
  ]);
  t.deepEqual(causes(eventRecord(happenings.verified)), ['email-verified']);
  t.deepEqual(causes(eventRecord(happenings.deactivated)), ['deactivated']);
  t.deepEqual(causes(eventRecord(happenings.updated)), []);
  t.deepEqual(causes(eventRecord(happenings.changeCancelled)), []);
});

test('a request to change the address asks for two mails that do not wait for each other', (t) => {
  t.like(causesOf(eventRecord(happenings.changeRequested)), [
    { cause: 'email-change-requested', recipient: `${userId} new` },
    { cause: 'email-change-notice', recipient: userId },
  ]);
});

test('a change asks for a mail to the mailbox it left, if that can undo it', (t) => {
  const event = emailChanged('w'.repeat(43));
  t.deepEqual(causesOf(eventRecord(event)), []);
  const undoUntil = '2026-11-26T10:00:00.000Z';
  const reserving = { ...event, data: { ...event.data, undoUntil } };
  t.like(causesOf(eventRecord(reserving)), [
    { cause: 'email-changed', recipient: `${userId} old` },
  ]);
});

test('an import that wants no mail asks for none', (t) => {
  const event = registration(1);
  t.deepEqual(causesOf(eventRecord({ ...event, data: { ...event.data, mail: 'none' } })), []);
});

test('a record that cannot be read is noted, so that it is seen', (t) => {
  for (const toSubject of [subjects.account, subjects.attempt, subjects.farewell]) {
    const subject = toSubject(userId);
    t.like(causesOf(recordOf(subject, '{"not":"readable"}')), [
      { cause: 'unreadable', recipient: 'record 7', userId: null, mailbox: null, recordAt: null },
    ]);
  }
});

test('records of other kinds ask for none', (t) => {
  t.deepEqual(causesOf(recordOf(subjects.key(userId), 'x')), []);
  t.deepEqual(causesOf(recordOf(subjects.claim('k'), 'x')), []);
});
