import { parseUserId } from '@zameni/contracts';
import { createPool, DEADLINES } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { createUntilErased } from './until-erased.ts';

test('a process that stops lets an erasure end for a while, then says that it goes on', async (t) => {
  const stopping = new AbortController();
  const pool = createPool({
    url: 'postgres://nobody@127.0.0.1:1/none',
    password: '',
    max: 1,
    name: 'test',
    logger: createSilentLogger(),
  });
  const untilErased = createUntilErased({
    pool,
    // The attempt stays there.
    log: {
      ...createMemoryLog(),
      readFirst: (_subject, signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    },
    replicaPosition: async () => undefined,
    stopping: stopping.signal,
    stopMs: 100,
  });
  const id = parseUserId('01980000-0000-7000-8000-000000000001');
  if (id === undefined) throw new Error('not a user id');
  const startedAt = performance.now();
  const answer = t.throwsAsync(untilErased.attempt(id, 1), { code: 'projection-lagging' });
  stopping.abort(new Error('stopping'));
  await answer;
  const tookMs = performance.now() - startedAt;
  t.true(tookMs >= 99 && tookMs < DEADLINES.erased / 2, `${tookMs} ms`);
});
