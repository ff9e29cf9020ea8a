import { encodeEvent, subjects } from '@zameni/contracts';
import test from 'ava';
import { happenings, metadataOf, userIdOf } from '../accounts.fixture.ts';
import { isErasedEvent } from './erased-event.ts';

const account = subjects.account(userIdOf(1));

function record(subject: string, data: string) {
  return { subject, position: 7, data: Buffer.from(data), traceparent: undefined };
}

test('recognises an erasure in any version of its event', (t) => {
  t.true(isErasedEvent(record(account, encodeEvent(metadataOf(1), happenings.erased, null))));
  t.true(isErasedEvent(record(account, '{"type":"zameni.account.erased.v12"}')));
});

test('takes nothing else for an erasure', (t) => {
  t.false(isErasedEvent(record(account, encodeEvent(metadataOf(1), happenings.disowned, null))));
  t.false(isErasedEvent(record(subjects.key(userIdOf(1)), '{"type":"zameni.account.erased.v1"}')));
});

test('the error for an unreadable event quotes nothing of it', (t) => {
  const error = t.throws(() => isErasedEvent(record(account, 'person@example.org')));
  t.is(error.message, 'the record at position 7 cannot be read');
  t.is(error.cause, undefined);
});
