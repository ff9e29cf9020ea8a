import { createLogger, type EventLog, type LogMessage } from '@zameni/runtime';
import type { ExecutionContext } from 'ava';
import { createTestDataKeys, registeredMessages } from '../accounts.fixture.ts';
import type { ViewChange } from '../cache/writer.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import { createLeasedWork, type LeasedWork } from '../lease/work.ts';
import type { SharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { type FollowOptions, followLog } from './follow-log.ts';
import { createProjectionMetrics } from './metrics.ts';

/** Keys of all test people. */
export const dataKeys = createTestDataKeys();
const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();

/** A projection that runs in memory. */
export type Started = {
  readonly projection: LeasedWork;
  readonly stop: () => Promise<void>;
  /** The checkpoints that the cache followed, without repetitions. */
  readonly followed: number[];
  /** The changes of views that the cache got. */
  readonly views: ViewChange[];
};

/** What a test need not give. */
type Given = 'cache' | 'evict' | 'housekeeping' | 'isLive' | 'version' | 'head' | 'metrics';

/** Creates work that follows a log under a lease. The cache takes everything unless one is given. */
export function createTestProjection(
  options: Omit<FollowOptions, Given> &
    Partial<Pick<FollowOptions, Given>> & { readonly standbyMs?: number },
): LeasedWork {
  const head = { readHead: async () => 0, lastHead: () => 0, pastForMs: () => 0 };
  const following = {
    cache: { resume: () => undefined, follow: async () => true },
    evict: async () => undefined,
    housekeeping: { run: () => undefined },
    isLive: () => true,
    version: 1,
    head,
    metrics: createProjectionMetrics({
      version: () => ({ version: 1, state: 'live' }),
      head,
      isActive: () => true,
      now: Date.now,
    }),
    ...options,
  };
  return createLeasedWork({
    ...options,
    name: 'projection',
    movesCheckpoint: true,
    work: (run) => followLog(following, run),
  });
}

/** Starts a projection of a log in memory. It stops with the test. */
export function start(
  t: ExecutionContext,
  log: EventLog,
  store: ProjectionStore,
  options: Partial<Pick<FollowOptions, 'idleMs' | 'fold' | 'now' | 'isLive' | 'head'>> = {},
): Started {
  const stopping = new AbortController();
  const followed: number[] = [];
  const views: ViewChange[] = [];
  const projection = createTestProjection({
    log,
    store,
    logger,
    keys: createPeopleKeys({ log, dataKeys }, { maxKeys: 100, missingMs: 0 }),
    cache: {
      resume: () => undefined,
      follow: async (position, changes) => {
        if (followed.at(-1) !== position) followed.push(position);
        views.push(...changes);
        return true;
      },
    },
    standbyMs: 5,
    idleMs: 5,
    ...options,
  });
  const running = projection.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  t.teardown(stop);
  return { projection, stop, followed, views };
}

/** Appends groups of messages, each at once. */
export async function append(log: EventLog, ...groups: readonly LogMessage[][]): Promise<void> {
  for (const messages of groups) {
    const { status } = await log.append(messages, signal);
    if (status !== 'appended') throw new Error(status);
  }
}

/** The people in every batch that was applied. */
export function usersIn({ applied }: SharedCheckpoint): string[] {
  return applied.flatMap(({ changes }) => changes.patches.map((patch) => patch.userId));
}

/** The registration of the n-th test person, whose event cannot be decoded. */
export function broken(n: number): LogMessage[] {
  return registeredMessages(n, dataKeys).map((message, index) =>
    index === 2 ? { ...message, data: '{}' } : message,
  );
}
