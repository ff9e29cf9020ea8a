import { delay, type LogServers, type ReadLogServers, type SecureDeletion } from '@zameni/runtime';
import type { EraserStore } from './eraser-store.ts';
import type { ToForget } from './to-forget.ts';
import { createSlots } from './slots.ts';

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
  /** Begins to forget what the record at a position asks for. */
  readonly begin: (wanted: ToForget, position: number) => void;
  /** To be told of every account's record: claims released after it belong to the next one. */
  readonly endCommit: () => void;
  /** How many are not done yet, and the position of the oldest; throws what one failed with. */
  readonly open: () => { readonly count: number; readonly oldest: number | undefined };
  /** Resolves when one more is done or has failed, or when the time is over. */
  readonly untilDone: (withinMs: number) => Promise<void>;
};

/** Subjects deleted from at once: a deletion is three round trips, and mostly waits for disks. */
const MAX_AT_ONCE = 8;

/** Milliseconds of one subject's turn: with ten thousand messages it must not hold up the others. */
const SLICE_MS = 1_000;

/** Milliseconds a server that is behind has to catch up before it is named. */
const GRACE_MS = 5_000;
const LOOK_MS = 100;

/**
 * Each subject has its turn in a slot; one that is not done when its turn is over queues again behind
 * the others. Deleting is safe to cut short and to repeat. A person counts as erased once her keys and
 * the claims of the same commit are gone. Servers that are silent are named before anything is deleted,
 * so that no crash forgets them, and those that did not catch up afterwards are named too: to call an
 * erasure done while a server may keep the key would be the worse failure.
 */
export function createForgetting(options: ForgettingOptions): Forgetting {
  const { deletion, servers, store, sliceMs = SLICE_MS, graceMs = GRACE_MS } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const slots = createSlots(MAX_AT_ONCE);
  const open = new Map<Promise<unknown>, number>();
  let commit: Promise<readonly string[]>[] = [];
  let fault: { readonly error: unknown } | undefined;

  function begin(wanted: ToForget, position: number): void {
    const task = forget(wanted, position, wanted.what === 'claim' ? [] : commit);
    if (wanted.what === 'claim') commit.push(task);
    open.set(task, position);
    task.then(
      () => open.delete(task),
      (error: unknown) => {
        // It stays open, so that nothing passes over it.
        fault ??= { error };
      },
    );
  }

  /** Answers the servers that may have missed it. */
  async function forget(
    wanted: ToForget,
    position: number,
    claims: readonly Promise<readonly string[]>[],
  ): Promise<readonly string[]> {
    const before = await readServers(position);
    const erased = wanted.what === 'keys' && wanted.why === 'erased' ? wanted.userId : undefined;
    if (erased !== undefined && before.silent.length > 0) {
      await store.noteErasure({ userId: erased, position, behind: before.silent, isDone: false });
    }
    await deleteInTurns(wanted);
    const missed = [before.silent, await findBehind(position), ...(await Promise.all(claims))];
    const behind = [...new Set(missed.flat())];
    if (erased !== undefined) {
      await store.noteErasure({ userId: erased, position, behind, isDone: true });
    }
    return behind;
  }

  async function deleteInTurns({ subject, upTo }: ToForget): Promise<void> {
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
    const answer = await servers(signal);
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
    endCommit: () => {
      commit = [];
    },
    open: () => {
      if (fault !== undefined) throw fault.error;
      // In the order of the log, as they were begun.
      return { count: open.size, oldest: open.values().next().value };
    },
    untilDone: async (withinMs) => {
      const waiting = new AbortController();
      const late = delay(withinMs, AbortSignal.any([signal, waiting.signal]));
      await Promise.race([late, ...open.keys()]).catch(() => undefined);
      waiting.abort();
      await late.catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(open.keys());
    },
  };
}

/** The server that answers for the log is behind what was already read from it. */
class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}
