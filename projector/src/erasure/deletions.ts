import {
  type DeletionRecord,
  parseDeletionRecord,
  subjects,
  UnreadableRecordError,
} from '@zameni/contracts';
import { delay, type LogRecord, type ReadLogServers, type SecureDeletion } from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';
import { createAddressAttempts } from './address-attempts.ts';
import { createCoveredPosition } from './covered-position.ts';
import { createDeletionTurns } from './deletion-turns.ts';
import { createServersBehind } from './servers-behind.ts';
import { clearErasedAt } from './clear-erased-at.ts';
import type { EraserStore, NotedErasure } from './store.ts';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** Dependencies of deleting; `servers` reads which servers of the log may miss a deletion. */
export type DeletionsOptions = Pick<VoidAttemptDeps, 'log' | 'now'> & {
  readonly deletion: SecureDeletion;
  readonly servers: ReadLogServers;
  readonly store: Pick<
    EraserStore,
    'noteErasure' | 'readCoveredPosition' | 'findAttempts' | 'removeAttempt' | 'clearClaim'
  >;
  readonly signal: AbortSignal;
  readonly sliceMs?: number;
  readonly graceMs?: number;
};

/** Processes several deletion records concurrently. */
export type Deletions = AsyncDisposable & {
  /** Starts to delete everything that a deletion record names, and then the record itself. */
  readonly begin: (record: LogRecord) => void;
  /** Returns the number of unfinished deletion records. Throws the error if one failed. */
  readonly open: () => number;
  /** Resolves when one more is done or has failed, or after the given time. */
  readonly untilDone: (withinMs: number) => Promise<void>;
};

/**
 * Concurrent queries to log and database. A backlog of a thousand erasures must leave connections
 * for the projection. Queries have slots of their own, because a turn in the other slots takes up
 * to a second.
 */
const MAX_QUESTIONS = 4;

const SLICE_MS = 1_000;

/** Milliseconds that a server has to catch up before its name is recorded. */
const GRACE_MS = 5_000;

/**
 * Order within one deletion record: attempts, claims, the positions of erasures in later claims,
 * then the record itself. Keys are deleted at any time. A claim that an erasure released makes
 * attempts on its address void, so it is deleted after them.
 *
 * Attempts on an erased address are found in the read model, and every attempt is counted there, so
 * each record waits with its attempts until the read model covers it. The record also stays that
 * long because it may be the last one of the log, whose position readers wait for. This wait
 * occupies no slot.
 *
 * Deleting can be interrupted and repeated, because the deletion record is deleted last. The key is
 * recorded as deleted before the rest, because anybody can create attempts and so delay the rest.
 * Silent servers are recorded before anything is deleted, so that no crash loses their names.
 * Servers that do not catch up afterwards are recorded too: the worse failure is to report an
 * erasure as done while a server may still have the key.
 */
export function createDeletions(options: DeletionsOptions): Deletions {
  const { log, now, deletion, servers, store, sliceMs = SLICE_MS, graceMs = GRACE_MS } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const questions = createSlots(MAX_QUESTIONS);
  const turns = createDeletionTurns({ deletion, signal, sliceMs });
  const covered = createCoveredPosition({ read: store.readCoveredPosition, signal });
  const onAddresses = createAddressAttempts({
    log,
    now,
    deletion,
    store,
    covered,
    questions,
    signal,
  });
  const ask: ReadLogServers = (end) => questions.run(() => servers(end));
  const behind = createServersBehind({ servers: ask, signal, graceMs });
  const open = new Set<Promise<void>>();
  /** For each claim, the newest unfinished deletion record that names it. */
  const newest = new Map<string, Promise<void>>();
  let fault: { readonly error: unknown } | undefined;
  let oneMore = Promise.withResolvers<void>();

  function begin(record: LogRecord): void {
    const content = parseDeletionRecord(record.data);
    const claims = content?.claims ?? [];
    // Deleting up to a later release also deletes the release of an earlier erasure. That one must
    // stay until its attempts are void.
    const earlier = claims.flatMap((k) => newest.get(k) ?? []);
    const task = work(record, content, earlier);
    for (const k of claims) newest.set(k, task);
    open.add(task);
    task
      .then(
        () => close(task, claims),
        // It stays open, so that it does not count as done.
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
    if (content === undefined) throw new UnreadableRecordError(position);
    const { claims, people, attempts, addresses } = content;
    const silent = await behind.findSilent(position);
    const note = async (isGone: NotedErasure['isGone']) => {
      // Checked even if nothing was left to delete, because a stale server may have said so.
      const late = isGone === 'nothing' ? [] : await behind.findBehind(position);
      await noteAll(people, { position, behind: [...new Set([...silent, ...late])], isGone });
    };
    if (silent.length > 0) await note('nothing');
    const deleteKeys = async () => {
      if (people.length === 0) return;
      const keys = people.map((id) => subjects.key(id));
      await Promise.all(keys.map((key) => turns.deleteUpTo(key, Number.MAX_SAFE_INTEGER)));
      await note('key');
    };
    const deleteAttempts = async () => {
      if (attempts.length === 0) return;
      // The read model counts a registration by its open record, which it must read before.
      await covered.until(position);
      await Promise.all(
        attempts.map(({ id, upTo }) => turns.deleteUpTo(subjects.attempt(id), upTo)),
      );
    };
    const deleteRest = async () => {
      await Promise.all([
        deleteAttempts(),
        ...addresses.map((claim) => onAddresses.endAll({ claim, before: position })),
      ]);
      await Promise.all(earlier);
      await Promise.all(claims.map((k) => turns.deleteUpTo(subjects.claim(k), position)));
    };
    await Promise.all([deleteKeys(), deleteRest()]);
    await covered.until(position);
    // Last, when no claim can be appended any more that was decided from a deleted record.
    const which = claims.map((k) => ({ subject: subjects.claim(k), upTo: position }));
    await Promise.all(which.map((claim) => clearErasedAt({ log, deletion }, claim, signal)));
    await note('all');
    await turns.deleteUpTo(subject, position);
  }

  async function noteAll(
    userIds: readonly string[],
    erasure: Omit<NotedErasure, 'userId'>,
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
