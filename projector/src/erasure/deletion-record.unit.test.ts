import { subjects } from '@zameni/contracts';
import test from 'ava';
import { claimOf, userIdOf } from '../accounts.fixture.ts';
import { parseDeletionRecord } from './deletion-record.ts';

const wanted = {
  claims: [claimOf(1)],
  people: [userIdOf(1)],
  attempts: [{ id: userIdOf(2), upTo: 5 }],
  addresses: [claimOf(1)],
};

function record(data: string) {
  const subject = subjects.deletion(userIdOf(9));
  return { subject, position: 7, data: Buffer.from(data), traceparent: undefined };
}

test('reads what a commit leaves to be deleted', (t) => {
  t.deepEqual(parseDeletionRecord(record(JSON.stringify(wanted))), wanted);
});

for (const [fault, data] of [
  ['no JSON', 'person@example.org'],
  ['no list of claims', JSON.stringify({ ...wanted, claims: undefined })],
  ['something nobody knows', JSON.stringify({ ...wanted, more: 1 })],
] as const) {
  test(`nothing can be made of ${fault}`, (t) => {
    t.is(parseDeletionRecord(record(data)), undefined);
  });
}
