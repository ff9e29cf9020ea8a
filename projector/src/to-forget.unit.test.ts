import { encodeEvent, subjects } from '@zameni/contracts';
import test from 'ava';
import { claimOf, happenings, metadataOf, userIdOf } from './accounts.fixture.ts';
import { toForget } from './to-forget.ts';

const claim = subjects.claim(claimOf(1));
const account = subjects.account(userIdOf(1));

function record(subject: string, data: string) {
  return { subject, position: 7, data: Buffer.from(data), traceparent: undefined };
}

test('a released claim is to be forgotten up to its release', (t) => {
  t.deepEqual(toForget(record(claim, '{"state":"released"}')), {
    what: 'claim',
    subject: claim,
    upTo: 7,
  });
});

for (const why of ['erased', 'superseded'] as const) {
  test(`of a person who was ${why} every key is to be forgotten, whatever the event's version`, (t) => {
    const expected = {
      what: 'keys',
      subject: subjects.key(userIdOf(1)),
      upTo: Number.MAX_SAFE_INTEGER,
      userId: userIdOf(1),
      why,
    } as const;
    const data = encodeEvent(metadataOf(1), happenings[why], null);
    t.deepEqual(toForget(record(account, data)), expected);
    t.deepEqual(toForget(record(account, `{"type":"zameni.account.${why}.v12"}`)), expected);
  });
}

test('nothing else asks for a deletion', (t) => {
  const other = encodeEvent(metadataOf(1), happenings.deactivated, null);
  t.is(toForget(record(account, other)), undefined);
  t.is(toForget(record(claim, JSON.stringify({ state: 'held', userId: userIdOf(1) }))), undefined);
  t.is(toForget(record(subjects.key(userIdOf(1)), '{"state":"released"}')), undefined);
});

test('what is no JSON is a fault that quotes nothing of it', (t) => {
  const error = t.throws(() => toForget(record(claim, 'person@example.org')));
  t.is(error.message, 'the record at position 7 is not JSON');
  t.is(error.cause, undefined);
});
