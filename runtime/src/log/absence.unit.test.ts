import test from 'ava';
import { isAbsent, StaleLeaderError } from './absence.ts';
import type { EventLog, RecordCounts } from './event-log.ts';

const { signal } = new AbortController();
const question = { subject: 'a', known: 7 };

/** A log whose servers answer in turn; the last one answers again and again. */
function answering(...answers: readonly RecordCounts[]): Pick<EventLog, 'countRecords'> {
  let asked = 0;
  return {
    countRecords: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer === undefined) throw new Error('no answer');
      return answer;
    },
  };
}

const nothing = new Map<string, number>();
const one = new Map([['a', 1]]);

test('a server that has reached the position is believed', async (t) => {
  t.true(await isAbsent(answering({ head: 7, bySubject: nothing }), question, signal));
  t.false(await isAbsent(answering({ head: 9, bySubject: one }), question, signal));
});

test('a former leader is asked no more when its successor answers', async (t) => {
  const stale = { head: 6, bySubject: nothing };
  t.false(await isAbsent(answering(stale, stale, { head: 8, bySubject: one }), question, signal));
  t.true(await isAbsent(answering(stale, { head: 8, bySubject: nothing }), question, signal));
});

test('a former leader that stays proves nothing', async (t) => {
  await t.throwsAsync(isAbsent(answering({ head: 6, bySubject: nothing }), question, signal), {
    instanceOf: StaleLeaderError,
  });
});
