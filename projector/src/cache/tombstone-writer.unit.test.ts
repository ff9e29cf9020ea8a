import test from 'ava';
import { createTombstoneWriter } from './tombstone-writer.ts';
import type { ViewChange } from './writer.ts';

/** A tombstone writer with one erasure to write, and a cache that can be down. */
function createSetup() {
  const state = { nowMs: 0, away: false, waiting: [{ userId: 'a', position: 7 }], looks: 0 };
  const written: ViewChange[] = [];
  const evicted: string[] = [];
  const tombstones = createTombstoneWriter({
    store: {
      readErasuresNotInCache: async () => {
        state.looks += 1;
        return state.waiting;
      },
      markErasedFromCache: async (userIds) => {
        state.waiting = state.waiting.filter(({ userId }) => !userIds.includes(userId));
      },
    },
    cache: {
      follow: async (_, changes) => {
        if (state.away) return false;
        written.push(...changes);
        return true;
      },
    },
    evict: async (userIds) => void evicted.push(...userIds),
    now: () => state.nowMs,
  });
  return { state, written, evicted, tombstones };
}

test('an erasure counts as done once its tombstone is in the cache', async (t) => {
  const { state, written, evicted, tombstones } = createSetup();
  await tombstones.run(9, true);
  t.deepEqual(evicted, ['a']);
  t.deepEqual(written, [{ kind: 'user', id: 'a', position: 7, view: 'erased' }]);
  t.deepEqual(state.waiting, []);
});

test('while the cache is down it tries again, at most each second', async (t) => {
  const { state, tombstones } = createSetup();
  state.away = true;
  await tombstones.run(9, true);
  t.is(state.waiting.length, 1);
  state.away = false;
  state.nowMs = 999;
  await tombstones.run(9, false);
  t.is(state.looks, 1);
  state.nowMs = 1_000;
  await tombstones.run(9, false);
  t.deepEqual(state.waiting, []);
});
