import { createLogger } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createVersionsWork } from './follow-versions.ts';
import type { Version } from './version.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

function versionOf(version: number, state: Version['state']): Version {
  return { version, state, selected: new Set(), carriedPosition: 0 };
}

/** Follows versions that the test changes. */
function start(t: ExecutionContext, ...first: readonly Version[]) {
  const shared = { versions: first, isAway: false };
  const running = new Set<number>();
  const removed: number[] = [];
  const stopping = new AbortController();
  const work = createVersionsWork({
    logger,
    lookMs: 2,
    droppedMs: 20,
    store: {
      readVersions: async () => {
        if (shared.isAway) throw new Error('away');
        return shared.versions;
      },
      remove: async (version) => {
        removed.push(version);
        shared.versions = shared.versions.filter((each) => each.version !== version);
      },
    },
    createWork: (version) => ({
      run: async (signal) => {
        const { version: number } = version();
        running.add(number);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        running.delete(number);
      },
      status: () => ({ state: 'active', position: version().state === 'live' ? 7 : 1 }),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  });
  const ended = work.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  t.teardown(stop);
  return { shared, running, removed, work, stop };
}

test('follows each version, and its status is that of the live one', async (t) => {
  const { shared, running, work } = start(t, versionOf(1, 'live'), versionOf(2, 'building'));
  t.deepEqual(work.status(), { state: 'starting', position: 0, version: 0 });
  await waitUntil(() => running.size === 2);
  t.deepEqual(work.status(), { state: 'active', position: 7, version: 1 });
  shared.versions = [versionOf(1, 'kept'), versionOf(2, 'live')];
  await waitUntil(() => work.status().version === 2);
  t.is(work.status().position, 7);
  t.deepEqual(work.versions(), [1, 2]);
});

test('a dropped version is not followed, and is deleted some time later', async (t) => {
  const { shared, running, removed } = start(t, versionOf(1, 'kept'), versionOf(2, 'live'));
  await waitUntil(() => running.size === 2);
  shared.versions = [versionOf(1, 'dropped'), versionOf(2, 'live')];
  await waitUntil(() => running.size === 1);
  t.deepEqual(removed, []);
  await waitUntil(() => removed.length === 1);
  t.deepEqual(removed, [1]);
});

test('goes on while the versions cannot be read', async (t) => {
  const { shared, running } = start(t, versionOf(1, 'live'));
  await waitUntil(() => running.size === 1);
  shared.isAway = true;
  shared.versions = [versionOf(1, 'live'), versionOf(2, 'building')];
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(running.size, 1);
  shared.isAway = false;
  await waitUntil(() => running.size === 2);
});

test('ends the work on every version when it stops', async (t) => {
  const { running, stop } = start(t, versionOf(1, 'live'), versionOf(2, 'building'));
  await waitUntil(() => running.size === 2);
  await stop();
  t.is(running.size, 0);
});
