import { encodeEvent, subjects } from '@zameni/contracts';
import test from 'ava';
import { claimOf, happenings, metadataOf, userIdOf } from './accounts.fixture.ts';
import { isEnd, parseForgetRecord } from './to-forget.ts';

const account = subjects.account(userIdOf(1));
const forget = subjects.forget(userIdOf(9));
const wanted = { claims: [claimOf(1)], people: [{ userId: userIdOf(1), why: 'erased' }] };

function record(subject: string, data: string) {
  return { subject, position: 7, data: Buffer.from(data), traceparent: undefined };
}

test('reads what a commit left to be deleted', (t) => {
  t.deepEqual(parseForgetRecord(record(forget, JSON.stringify(wanted))), wanted);
});

for (const [fault, data] of [
  ['no JSON', 'person@example.org'],
  ['no list of claims', JSON.stringify({ people: [] })],
  ['something nobody knows', JSON.stringify({ ...wanted, more: 1 })],
]) {
  test(`${fault} is a fault that quotes nothing of it`, (t) => {
    const error = t.throws(() => parseForgetRecord(record(forget, data ?? '')));
    t.is(error.message, 'the record at position 7 cannot be read');
    t.is(error.cause, undefined);
  });
}

for (const why of ['erased', 'superseded'] as const) {
  test(`that somebody was ${why} is her end, whatever the event's version`, (t) => {
    t.true(isEnd(record(account, encodeEvent(metadataOf(1), happenings[why], null))));
    t.true(isEnd(record(account, `{"type":"zameni.account.${why}.v12"}`)));
  });
}

test('nothing else is an end', (t) => {
  t.false(isEnd(record(account, encodeEvent(metadataOf(1), happenings.deactivated, null))));
  t.false(isEnd(record(subjects.key(userIdOf(1)), '{"type":"zameni.account.erased.v1"}')));
});
