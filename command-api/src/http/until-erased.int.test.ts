import { parseUserId, type UserId } from '@zameni/contracts';
import { DEADLINES } from '@zameni/runtime';
import { createMemoryLog, createTestDatabase, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createUntilErased } from './until-erased.ts';

const POSITION = 7;

function parseTestId(): UserId {
  const id = parseUserId('01980000-0000-7000-8000-000000000001');
  if (id === undefined) throw new Error('not a user id');
  return id;
}

/** A person who is erased in the primary, the cache and the log for a time. */
async function createSetup(t: ExecutionContext, ageMs: number) {
  const { pool } = await createTestDatabase(t);
  const userId = parseTestId();
  await pool.query(
    `insert into zameni.erasures
       (user_id, position, requested_at, read_model_at, cache_at, key_at)
     select $1, $2, at, at, at, at from (select now() - make_interval(secs => $3) as at) as past`,
    [userId, POSITION, ageMs / 1_000],
  );
  await pool.query('update zameni.checkpoints set position = $1', [POSITION]);
  const state: { replica: number | undefined; asked: number; nowMs: number } = {
    replica: undefined,
    asked: 0,
    nowMs: 0,
  };
  const untilErased = createUntilErased({
    pool,
    log: createMemoryLog(),
    replicaPosition: async () => {
      state.asked += 1;
      return state.replica;
    },
    stopping: new AbortController().signal,
    now: () => state.nowMs,
  });
  return { state, erased: () => untilErased.person(userId) };
}

test('an erasure is done when the replica has it', async (t) => {
  const { state, erased } = await createSetup(t, 0);
  const done = erased();
  await waitUntil(() => state.asked > 1);
  state.replica = POSITION;
  await t.notThrowsAsync(done);
});

for (const replica of [POSITION - 1, undefined]) {
  const what = replica === undefined ? 'is away' : 'lags';
  test(`a replica that ${what} is waited for while readers believe it`, async (t) => {
    const { state, erased } = await createSetup(t, 0);
    state.replica = replica;
    const done = erased();
    await waitUntil(() => state.asked > 2);
    state.nowMs = DEADLINES.replicaDistrusted;
    await t.notThrowsAsync(done);
  });

  test(`an older erasure does not wait for a replica that ${what}`, async (t) => {
    const { state, erased } = await createSetup(t, DEADLINES.replicaDistrusted);
    state.replica = replica;
    await erased();
    t.is(state.asked, 0);
  });
}
