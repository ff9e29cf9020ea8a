import test from 'ava';
import { waitUntil } from '../../testing/wait.ts';
import { createHedgedReads } from './hedged-reads.ts';

/** More than the additional requests of a process to the leader. */
const MANY = 80;

test('questions to a frozen leader take no place from reads of any server', async (t) => {
  const ending = new AbortController();
  let requests = 0;
  const request = () => {
    requests += 1;
    return new Promise<never>(() => undefined);
  };
  const { again, readLastFromReplica } = createHedgedReads({
    direct: {
      nc: { request, subscribe: notUsed, publish: notUsed },
      stream: 'S',
      user: 'u',
      deadlineMs: 10_000,
      untilLost: (answer) => answer,
    },
    fromLeader: undefined,
  });
  let asked = 0;
  const frozen = () => {
    asked += 1;
    return new Promise<never>(() => undefined);
  };
  const questions = Array.from({ length: MANY }, () => again(frozen, ending.signal));
  await waitUntil(() => asked > MANY);
  await waitUntil(() => asked === MANY + 64);
  const read = readLastFromReplica('a', ending.signal);
  await waitUntil(() => requests > 1, 1_500);
  ending.abort(new Error('over'));
  for (const { status } of await Promise.allSettled([...questions, read])) t.is(status, 'rejected');
});

function notUsed(): never {
  throw new Error('not used');
}
