import { type DeletionRecord, subjects } from '@zameni/contracts';
import {
  createLogger,
  type EventLog,
  type LogMessage,
  type ReadLogServers,
  type SecureDeletion,
  toClaimLayout,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { claimOf, erasedMessages, userIdOf } from '../accounts.fixture.ts';
import { createEraser, type Eraser } from './eraser.ts';
import {
  createMemoryEraserStore,
  createRecordingDeletion,
  createSharedErasures,
  type SharedErasures,
  wholeCluster,
} from './memory-eraser.fixture.ts';
import type { EraserStore } from './store.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();

/** A week before the instant of all made-up attempts. */
const NOW = new Date('2026-03-04T05:06:07.089Z');

/** Dependencies of an eraser; `store` belongs to the eraser `a`. */
export type Surroundings = {
  readonly log: EventLog & SecureDeletion;
  readonly shared: SharedErasures;
  readonly deletion: ReturnType<typeof createRecordingDeletion>;
  readonly store: EraserStore;
};

/** An empty log with its stores. */
export function createSurroundings(maxFound?: number): Surroundings {
  const log = createMemoryLog();
  const shared = createSharedErasures(log, maxFound);
  const deletion = createRecordingDeletion(log);
  return { log, shared, deletion, store: createMemoryEraserStore(shared, 'a') };
}

type Started = { readonly eraser: Eraser; readonly stop: () => Promise<void> };

/** Starts an eraser. By default all servers of the log have caught up. */
export function startReactors(
  t: ExecutionContext,
  surroundings: Pick<Surroundings, 'store'> & {
    readonly log: EventLog;
    readonly deletion: SecureDeletion;
    readonly servers?: ReadLogServers;
  },
): Started {
  const { log, deletion, store, servers = wholeCluster } = surroundings;
  const stopping = new AbortController();
  const eraser = createEraser({
    log,
    deletion,
    store,
    servers,
    claims: () => toClaimLayout({ current: '1', layers: ['1'], keys: new Map() }),
    now: () => NOW,
    logger,
    standbyMs: 5,
    idleMs: 5,
    sliceMs: 20,
    graceMs: 250,
    reconcileMs: 5,
    retry: { baseMs: 5, maxMs: 20 },
  });
  const running = eraser.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  t.teardown(stop);
  return { eraser, stop };
}

/** Appends each group as one commit, guarded on what the log has. */
export async function append(log: EventLog, ...groups: readonly LogMessage[][]): Promise<void> {
  for (const messages of groups) {
    const guarded = await Promise.all(
      messages.map(async (message) => {
        const last = await log.readLastFromLeader(message.subject, signal);
        return { ...message, expectedPosition: last?.position ?? 0 };
      }),
    );
    const { status } = await log.append(guarded, signal);
    if (status !== 'appended') throw new Error(status);
  }
}

/** The subject of the n-th deletion record. */
export function deletionOf(n: number): string {
  return subjects.deletion(userIdOf(1_000 + n));
}

/** The n-th deletion record in the log. */
export function deletionMessage(n: number, named: Partial<DeletionRecord>): LogMessage {
  const record = { claims: [], people: [], attempts: [], addresses: [], ...named };
  return { subject: deletionOf(n), data: JSON.stringify(record), expectedPosition: 0 };
}

/** The release of a claim by an erasure. */
export function released(k: string): LogMessage {
  const data = JSON.stringify({ state: 'released', by: 'erasure' });
  return { subject: subjects.claim(k), data, expectedPosition: 0 };
}

/** The erasure of the n-th made-up person: deletion record, releases, and the event. */
export function erasure(n: number, named: Partial<DeletionRecord> = {}): LogMessage[] {
  const all = { claims: [claimOf(n)], people: [userIdOf(n)], ...named };
  return [...all.claims.map(released), deletionMessage(n, all), ...erasedMessages(n, 0)];
}

/** Whether the n-th deletion record is deleted, and so everything that it names. */
export function isDone({ deletion }: Pick<Surroundings, 'deletion'>, n: number): boolean {
  return deletion.deleted.some(({ subject }) => subject === deletionOf(n));
}

/** The subjects of all deletions, in order. */
export function subjectsIn({ deletion }: Pick<Surroundings, 'deletion'>): string[] {
  return deletion.deleted.map(({ subject }) => subject);
}
