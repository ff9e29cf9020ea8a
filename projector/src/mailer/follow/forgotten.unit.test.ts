import { type AccountEvent, encodeEvent, subjects } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import test from 'ava';
import { claimOf, happenings, metadataOf, userIdOf } from '../../accounts.fixture.ts';
import { closedAttempt, openAttempt, voidedAttempt } from '../../attempts.fixture.ts';
import type { Cause } from '../ledger/message.ts';
import { forget, forgottenIn } from './forgotten.ts';

const id = userIdOf(1);

function recordOf(subject: string, content: object | string): LogRecord {
  const data = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return { subject, data, position: 7, traceparent: undefined };
}

function eventRecord(event: AccountEvent): LogRecord {
  return recordOf(subjects.account(id), encodeEvent(metadataOf(1), event, null));
}

const attempt = (content: object) => recordOf(subjects.attempt(id), content);

test('an erasure forgets the mailbox of the attempt that became the account', (t) => {
  t.deepEqual(forgottenIn(eventRecord(happenings.erased)), [id]);
});

test('the mailbox of an attempt is forgotten when an erasure ends or voids it', (t) => {
  t.deepEqual(forgottenIn(attempt(closedAttempt(3, 'erasure'))), [id]);
  t.deepEqual(forgottenIn(attempt(voidedAttempt(3))), [id]);
});

test('nothing else forgets a mailbox, so that nobody else resets its budget', (t) => {
  for (const record of [
    attempt(openAttempt(claimOf(1))),
    attempt(closedAttempt(3, 'not-mine')),
    attempt(closedAttempt(3, { provenTo: id })),
    attempt({ not: 'readable' }),
    eventRecord(happenings.deactivated),
    eventRecord(happenings.verified),
    recordOf(subjects.account(id), '{'),
    recordOf(subjects.mailWish(id), '{}'),
    recordOf(subjects.farewell(id), '{}'),
  ]) {
    t.deepEqual(forgottenIn(record), [], record.subject);
  }
});

test('a mailbox that is forgotten before it is noted is not noted', (t) => {
  const causeOf = (n: number): Cause => ({
    cause: 'attempt',
    position: n,
    userId: null,
    attemptId: userIdOf(n),
    recipient: `attempt ${userIdOf(n)}`,
    mailbox: claimOf(n),
    recordAt: null,
    traceparent: null,
  });
  const causes = [causeOf(1), causeOf(2)];
  t.deepEqual(forget(causes, [userIdOf(2)]), [causeOf(1), { ...causeOf(2), mailbox: null }]);
  t.deepEqual(forget(causes, []), causes);
});
