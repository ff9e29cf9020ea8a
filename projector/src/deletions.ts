import { type DeletionRecord, subjects } from '@zameni/contracts';
import { delay, type LogRecord, type ReadLogServers, type SecureDeletion } from '@zameni/runtime';
import { createCoveredPosition } from './covered-position.ts';
import { parseDeletionRecord } from './deletion-record.ts';
import { createDeletionTurns } from './deletion-turns.ts';
import type { EraserStore } from './eraser-store.ts';
import { createServersBehind } from './servers-behind.ts';
import { createSlots } from './slots.ts';
import { UnreadableRecordError } from './unreadable-record.ts';

/** What deleting needs; `servers` tells which servers of the log may miss a deletion. */
export type DeletionsOptions = {
  readonly deletion: SecureDeletion;
  readonly servers: ReadLogServers;
  readonly store: Pick<
    EraserStore,
    'noteErasure' | 'readCoveredPosition' | 'findAttempts' | 'removeAttempts'
  >;
  readonly signal: AbortSignal;
  readonly sliceMs?: number;
  readonly graceMs?: number;
};

/** Does what several deletion records ask for at once. */
export type Deletions = AsyncDisposable & {
  /** Begins to delete what a deletion record names, and then itself. */
  readonly begin: (record: LogRecord) => void;
  /** How many deletion records are not done yet; throws what one failed with. */
  readonly open: () => number;
  /** Resolves when one more is done or has failed, or when the time is over. */
  readonly untilDone: (withinMs: number) => Promise<void>;
};

/**
 * Questions to log and database at once: a backlog of a thousand erasures must leave connections to the
 * projection, and these must not wait for turns of a second each.
 */
const MAX_QUESTIONS = 4;

const SLICE_MS = 1_000;

/** Milliseconds a server that is behind has to catch up before it is named. */
const GRACE_MS = 5_000;

/**
 * Order within one record: attempts, then claims, then the record itself; keys at any time. A claim
 * that was released by an erasure makes attempts on its address void, so it stays until they are gone.
 * Attempts on an erased address are found in the read model, and the record may be the last one of
 * the log, on whose position readers wait: so each waits until the read model covers it. That wait
 * holds no turn.
 *
 * Deleting is safe to cut short and to repeat: the deletion record is deleted last. A person counts as
 * erased once everything else that the record names is gone. Servers that are silent are named before
 * anything is deleted, so that no crash loses their names, and those that did not catch up afterwards
 * are named too: to call an erasure done while a server may keep the key would be the worse failure.
 */
export function createDeletions(options: DeletionsOptions): Deletions {
  const { deletion, servers, store, sliceMs = SLICE_MS, graceMs = GRACE_MS } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const questions = createSlots(MAX_QUESTIONS);
  const turns = createDeletionTurns({ deletion, signal, sliceMs });
  const covered = createCoveredPosition({ read: store.readCoveredPosition, signal });
  const ask: ReadLogServers = (end) => questions.run(() => servers(end));
  const behind = createServersBehind({ servers: ask, signal, graceMs });
  const open = new Set<Promise<void>>();
  /** By claim, the newest record under work that deletes it. */
  const newest = new Map<string, Promise<void>>();
  let fault: { readonly error: unknown } | undefined;
  let oneMore = Promise.withResolvers<void>();

  function begin(record: LogRecord): void {
    const content = parseDeletionRecord(record);
    const claims = content?.claims ?? [];
    // A later release takes the record of an earlier erasure along, which must stay until its attempts
    // are gone.
    const earlier = claims.flatMap((k) => newest.get(k) ?? []);
    const task = work(record, content, earlier);
    for (const k of claims) newest.set(k, task);
    open.add(task);
    task
      .then(
        () => close(task, claims),
        // It stays open, so that nobody takes it for done.
        (error: unknown) => void (fault ??= { error }),
      )
      .finally(() => {
        oneMore.resolve();
        oneMore = Promise.withResolvers();
      });
  }

  function close(task: Promise<void>, claims: readonly string[]): void {
    open.delete(task);
    for (const k of claims) if (newest.get(k) === task) newest.delete(k);
  }

  async function work(
    record: LogRecord,
    content: DeletionRecord | undefined,
    earlier: readonly Promise<void>[],
  ): Promise<void> {
    const { subject, position } = record;
    if (content === undefined) throw new UnreadableRecordError(record);
    const { claims, people, attempts, addresses } = content;
    const silent = await behind.findSilent(position);
    if (silent.length > 0) await noteAll(people, { position, behind: silent, isDone: false });
    const deleteRest = async () => {
      await Promise.all([
        ...attempts.map(({ id, upTo }) => turns.deleteUpTo(subjects.attempt(id), upTo)),
        ...addresses.map((claim) => deleteAttempts(claim, position)),
      ]);
      await Promise.all(earlier);
      await Promise.all(claims.map((k) => turns.deleteUpTo(subjects.claim(k), position)));
    };
    await Promise.all([
      ...people.map((id) => turns.deleteUpTo(subjects.key(id), Number.MAX_SAFE_INTEGER)),
      deleteRest(),
    ]);
    // Asked in any case: a server that answered "nothing there" may not have known better.
    const late = await behind.findBehind(position);
    const names = [...new Set([...silent, ...late])];
    await noteAll(people, { position, behind: names, isDone: true });
    await covered.until(position);
    await turns.deleteUpTo(subject, position);
  }

  /** Deletes the attempts on an address; once the read model covers the position it has them all. */
  async function deleteAttempts(claim: string, position: number): Promise<void> {
    await covered.until(position);
    const which = { claim, before: position };
    for (;;) {
      const ids = await questions.run(() => store.findAttempts(which));
      if (ids.length === 0) return;
      await Promise.all(ids.map((id) => turns.deleteUpTo(subjects.attempt(id), position)));
      await questions.run(() => store.removeAttempts(ids, which));
    }
  }

  async function noteAll(
    userIds: readonly string[],
    erasure: { position: number; behind: readonly string[]; isDone: boolean },
  ): Promise<void> {
    for (const userId of userIds) {
      await questions.run(() => store.noteErasure({ userId, ...erasure }));
    }
  }

  return {
    begin,
    open: () => {
      if (fault !== undefined) throw fault.error;
      return open.size;
    },
    untilDone: async (withinMs) => {
      const waiting = new AbortController();
      const late = delay(withinMs, AbortSignal.any([signal, waiting.signal]));
      await Promise.race([late, oneMore.promise]).catch(() => undefined);
      waiting.abort();
      await late.catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(open);
    },
  };
}
