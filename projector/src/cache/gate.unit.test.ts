import test from 'ava';
import { createCacheFeed } from './feed.ts';
import { gateCacheFeed } from './gate.ts';
import type { CacheEpoch } from './writer.ts';

/** A gated feed, and what it wrote. */
function createSetup() {
  const state = { isOpen: true };
  const begun: CacheEpoch[] = [];
  const advanced: number[] = [];
  const feed = createCacheFeed({
    writer: {
      begin: async (epoch) => {
        begun.push(epoch);
        return true;
      },
      advance: async (_, position) => {
        advanced.push(position);
        return true;
      },
    },
    newEpochId: () => `epoch ${begun.length}`,
    now: () => 0,
    logger: { info: () => undefined, warn: () => undefined } as never,
  });
  return { state, begun, advanced, feed: gateCacheFeed(feed, () => state.isOpen) };
}

test('a closed feed writes nothing, and says so', async (t) => {
  const { state, begun, advanced, feed } = createSetup();
  state.isOpen = false;
  t.false(await feed.follow(3, []));
  t.deepEqual([begun, advanced], [[], []]);
});

test('a feed that is opened again begins a new epoch, because it has missed changes', async (t) => {
  const { state, begun, advanced, feed } = createSetup();
  t.true(await feed.follow(3, []));
  state.isOpen = false;
  t.false(await feed.follow(4, []));
  state.isOpen = true;
  t.true(await feed.follow(5, []));
  t.deepEqual(begun, [
    { id: 'epoch 0', position: 3 },
    { id: 'epoch 1', position: 5 },
  ]);
  t.deepEqual(advanced, [3, 5]);
});
