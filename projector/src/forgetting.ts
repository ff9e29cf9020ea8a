import { subjects } from '@zameni/contracts';
import {
  delay,
  type LogRecord,
  type LogServers,
  type ReadLogServers,
  type SecureDeletion,
} from '@zameni/runtime';
import type { EraserStore } from './eraser-store.ts';
import { createSlots } from './slots.ts';
import { parseForgetRecord } from './to-forget.ts';

/** What forgetting needs; `servers` tells which servers of the log may miss a deletion. */
export type ForgettingOptions = {
  readonly deletion: SecureDeletion;
  readonly servers: ReadLogServers;
  readonly store: Pick<EraserStore, 'noteErasure'>;
  readonly signal: AbortSignal;
  readonly sliceMs?: number;
  readonly graceMs?: number;
};

/** Forgets several subjects at once. */
export type Forgetting = AsyncDisposable & {
  /** Begins to delete what a forget record names, and then itself. */
  readonly begin: (record: LogRecord) => void;
  /** How many forget records are not done yet; throws what one failed with. */
  readonly open: () => number;
  /** Resolves when one more is done or has failed, or when the time is over. */
  readonly untilDone: (withinMs: number) => Promise<void>;
};

/** Subjects deleted from at once: a deletion is three round trips, and mostly waits for disks. */
const MAX_AT_ONCE = 8;

/**
 * Questions to log and database at once: a backlog of a thousand erasures must leave connections to the
 * projection, and these must not wait for turns of a second each.
 */
const MAX_QUESTIONS = 4;

/** Milliseconds of one subject's turn: with ten thousand messages it must not hold up the others. */
const SLICE_MS = 1_000;

/** Milliseconds a server that is behind has to catch up before it is named. */
const GRACE_MS = 5_000;
const LOOK_MS = 100;

/**
 * Each subject has its turn in a slot; one that is not done when its turn is over queues again behind
 * the others. Deleting is safe to cut short and to repeat: the forget record is deleted last.
 * A person counts as erased once her keys and the claims of the same commit are gone. Servers that are
 * silent are named before anything is deleted, so that no crash forgets them, and those that did not
 * catch up afterwards are named too: to call an erasure done while a server may keep the key would be
 * the worse failure.
 */
export function createForgetting(options: ForgettingOptions): Forgetting {
  const { deletion, servers, store, sliceMs = SLICE_MS, graceMs = GRACE_MS } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const slots = createSlots(MAX_AT_ONCE);
  const questions = createSlots(MAX_QUESTIONS);
  const open = new Set<Promise<void>>();
  let fault: { readonly error: unknown } | undefined;

  function begin(record: LogRecord): void {
    const task = forget(record);
    open.add(task);
    task.then(
      () => open.delete(task),
      (error: unknown) => {
        // It stays open, so that nobody takes it for done.
        fault ??= { error };
      },
    );
  }

  async function forget(record: LogRecord): Promise<void> {
    const { subject, position } = record;
    const { claims, people } = parseForgetRecord(record);
    const erased = people.filter(({ why }) => why === 'erased').map(({ userId }) => userId);
    const { silent } = await readServers(position);
    if (silent.length > 0) await noteAll(erased, { position, behind: silent, isDone: false });
    await Promise.all([
      ...claims.map((claim) => deleteInTurns(subjects.claim(claim), position)),
      ...people.map(({ userId }) => deleteInTurns(subjects.key(userId), Number.MAX_SAFE_INTEGER)),
    ]);
    // Asked whoever was forgotten: a server that answered "nothing there" may not have known better.
    const behind = [...new Set([...silent, ...(await findBehind(position))])];
    await noteAll(erased, { position, behind, isDone: true });
    await deleteInTurns(subject, position);
  }

  async function noteAll(
    userIds: readonly string[],
    erasure: { position: number; behind: readonly string[]; isDone: boolean },
  ): Promise<void> {
    for (const userId of userIds) {
      await questions.run(() => store.noteErasure({ userId, ...erasure }));
    }
  }

  async function deleteInTurns(subject: string, upTo: number): Promise<void> {
    for (let isDone = false; !isDone; ) {
      isDone = await slots.run(async () => {
        const turn = AbortSignal.timeout(sliceMs);
        try {
          await deletion.deleteUpTo(subject, upTo, AbortSignal.any([signal, turn]));
          return true;
        } catch (error) {
          if (signal.aborted || !turn.aborted) throw error;
          return false;
        }
      });
    }
  }

  async function readServers(position: number): Promise<LogServers> {
    const answer = await questions.run(() => servers(signal));
    // A server that was the leader and does not know better yet would say that nothing is there.
    if (answer.head < position) throw new StaleLeaderError();
    return answer;
  }

  /** The servers that have not been where the leader is since the deletion, as long as they may. */
  async function findBehind(position: number): Promise<readonly string[]> {
    const endMs = performance.now() + graceMs;
    let { silent, catchingUp } = await readServers(position);
    let behind = [...silent, ...catchingUp];
    while (behind.some((name) => catchingUp.includes(name)) && performance.now() < endMs) {
      await delay(LOOK_MS, signal);
      ({ silent, catchingUp } = await readServers(position));
      const still = new Set([...silent, ...catchingUp]);
      behind = behind.filter((name) => still.has(name));
    }
    return behind;
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
      await Promise.race([late, ...open]).catch(() => undefined);
      waiting.abort();
      await late.catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(open);
    },
  };
}

/** The server that answers for the log is behind what was already read from it. */
class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}
