import { type DeletionRecord, subjects } from '@zameni/contracts';
import { delay, type LogRecord, type ReadLogServers, type SecureDeletion } from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';
import { UnreadableRecordError } from '../records/unreadable-record.ts';
import { createAddressAttempts } from './address-attempts.ts';
import { createCoveredPosition } from './covered-position.ts';
import { parseDeletionRecord } from './deletion-record.ts';
import { createDeletionTurns } from './deletion-turns.ts';
import { createServersBehind } from './servers-behind.ts';
import { settleClaim } from './settle-claim.ts';
import type { EraserStore, NotedErasure } from './store.ts';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** What deleting needs; `servers` tells which servers of the log may miss a deletion. */
export type DeletionsOptions = Pick<VoidAttemptDeps, 'log' | 'now'> & {
  readonly deletion: SecureDeletion;
  readonly servers: ReadLogServers;
  readonly store: Pick<
    EraserStore,
    'noteErasure' | 'readCoveredPosition' | 'findAttempts' | 'removeAttempt' | 'settleAttempt'
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
 * Order within one record: attempts, then claims, then what later claims know of them, then the record
 * itself; keys at any time. A claim that was released by an erasure makes attempts on its address void,
 * so it stays until they are.
 * Attempts on an erased address are found in the read model, and the record may be the last one of
 * the log, on whose position readers wait: so each waits until the read model covers it. That wait
 * holds no turn.
 *
 * Deleting is safe to cut short and to repeat: the deletion record is deleted last. Key and the rest
 * are noted one by one: how many attempts there are on an address strangers decide. Servers that are silent are named before
 * anything is deleted, so that no crash loses their names, and those that did not catch up afterwards
 * are named too: to call an erasure done while a server may keep the key would be the worse failure.
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
    const note = async (isGone: NotedErasure['isGone']) => {
      // Asked in any case: a server that answered "nothing there" may not have known better.
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
    const deleteRest = async () => {
      await Promise.all([
        ...attempts.map(({ id, upTo }) => turns.deleteUpTo(subjects.attempt(id), upTo)),
        ...addresses.map((claim) => onAddresses.endAll({ claim, before: position })),
      ]);
      await Promise.all(earlier);
      await Promise.all(claims.map((k) => turns.deleteUpTo(subjects.claim(k), position)));
    };
    await Promise.all([deleteKeys(), deleteRest()]);
    await covered.until(position);
    // Late, when no claim can come any more that was decided from what is deleted.
    const which = claims.map((k) => ({ subject: subjects.claim(k), upTo: position }));
    await Promise.all(which.map((claim) => settleClaim({ log, deletion }, claim, signal)));
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
