import type { ReadModelsVersion } from '@zameni/contracts';
import test from 'ava';
import { CommandError } from '../framework/command.ts';
import { comparison, versionOf } from './port.fixture.ts';
import type { RebuildProgress } from './progress.ts';
import { watchRebuild, type WatchOptions } from './watch.ts';

const built = versionOf(2, { state: 'building', position: 10, carriedPosition: null });

/** Watches version 2. Each look finds the next versions; the last ones stay. */
function watch(
  looks: readonly (readonly ReadModelsVersion[])[],
  { head = 100, ...options }: Partial<WatchOptions> & { readonly head?: number | null } = {},
) {
  const progress: RebuildProgress[] = [];
  const left = [...looks];
  const list = async () => {
    const versions = (left.length > 1 ? left.shift() : left[0]) ?? [];
    return { head, versions: [versionOf(1), ...versions] };
  };
  const { signal } = new AbortController();
  const onProgress = (each: RebuildProgress) => progress.push(each);
  const ended = watchRebuild({ list }, 2, {
    signal,
    onProgress,
    pollMs: 1,
    stuckMs: 5_000,
    ...options,
  });
  return { ended, progress };
}

const ends = test.macro<[ReadModelsVersion['state']]>({
  title: (_, state) => `ends when the version is ${state}`,
  exec: async (t, state) => {
    const end = { ...built, state };
    const { ended, progress } = watch([[built], [{ ...built, position: 60 }], [end]]);
    t.is(await ended, end);
    t.deepEqual(
      progress.map(({ version, head, read }) => [version.position, head, read]),
      [
        [10, 100, 0],
        [60, 100, 50],
      ],
    );
  },
});
test(ends, 'live');
test(ends, 'differs');
// Somebody else has gone back already.
test(ends, 'kept');

test('a version that nobody builds any more was cancelled', async (t) => {
  for (const gone of [[{ ...built, state: 'dropped' as const }], []]) {
    await t.throwsAsync(watch([[built], gone]).ended, {
      instanceOf: CommandError,
      code: 'rebuild-cancelled',
      message: 'version 2 was cancelled',
    });
  }
});

test('while the head is unknown, the progress is that of what is filled', async (t) => {
  const { ended, progress } = watch([[built], [{ ...built, state: 'live' }]], { head: null });
  await ended;
  t.is(progress[0]?.head, 10);
});

test('copies, positions and compared rows are progress', async (t) => {
  const next = (rows: number) => ({
    ...built,
    comparison: { ...comparison, tables: comparison.tables.map((each) => ({ ...each, rows })) },
  });
  const looks = [
    built,
    { ...built, carriedPosition: 5 },
    { ...built, position: 20 },
    ...Array.from({ length: 20 }, (_, n) => next(n)),
    { ...built, state: 'live' as const },
  ].map((version) => [version]);
  // Each look finds something else, so it never seems stuck.
  await t.notThrowsAsync(watch(looks, { stuckMs: 0 }).ended);
});

test('without progress it fails, and says where to look', async (t) => {
  const { ended, progress } = watch([[built]], { stuckMs: 30 });
  const error = await t.throwsAsync(ended, { instanceOf: CommandError, code: 'no-progress' });
  t.regex(error?.message ?? '', /zameni status/);
  t.true(progress.length > 1);
});

test('stops at once when it is told to', async (t) => {
  const stopping = new AbortController();
  const { ended } = watch([[built]], { signal: stopping.signal, pollMs: 60_000 });
  stopping.abort();
  await t.throwsAsync(ended, { name: 'AbortError' });
});

/** Watches version 2 at a port whose looks fail with a code: those that a function selects. */
function watchFailing(code: string, isFailing: (look: number) => boolean, stuckMs = 60_000) {
  let looks = 0;
  const list = async () => {
    looks += 1;
    if (isFailing(looks)) throw new CommandError(code, 'away');
    const state = looks > 5 ? ('live' as const) : ('building' as const);
    return { head: 100, versions: [{ ...built, position: looks, state }] };
  };
  const { signal } = new AbortController();
  const options = { signal, onProgress: () => undefined, pollMs: 1, stuckMs };
  return watchRebuild({ list }, 2, options);
}

test('a projector or database that restarts does not end the watching', async (t) => {
  for (const code of ['no-answer', 'store-unavailable', 'overloaded']) {
    t.is((await watchFailing(code, (look) => look > 1 && look < 5)).state, 'live');
  }
});

test('one that stays away ends it, and any other fault at once', async (t) => {
  await t.throwsAsync(
    watchFailing('no-answer', (look) => look > 1, 30),
    { code: 'no-answer' },
  );
  await t.throwsAsync(
    watchFailing('unauthorized', (look) => look === 2),
    { code: 'unauthorized' },
  );
});

test('after its time it returns what is still built', async (t) => {
  const { ended } = watch([[built]], { waitMs: 20 });
  t.is((await ended).state, 'building');
});

test('a head that was known stays known', async (t) => {
  const heads = [100, null, null];
  const list = async () => {
    const state = heads.length === 1 ? ('live' as const) : ('building' as const);
    return { head: heads.shift() ?? null, versions: [{ ...built, state }] };
  };
  const shown: number[] = [];
  await watchRebuild({ list }, 2, {
    signal: new AbortController().signal,
    onProgress: ({ head }) => shown.push(head),
    pollMs: 1,
  });
  t.deepEqual(shown, [100, 100]);
});
