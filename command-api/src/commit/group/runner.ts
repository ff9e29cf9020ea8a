import { UnreadableRecordError } from '@zameni/contracts';
import {
  AppError,
  coerceError,
  createCounter,
  delay,
  type EventLog,
  Fault,
  type Logger,
  type LogMessage,
  METRICS,
  startAtZero,
} from '@zameni/runtime';
import { type AppendContext, appendUntilKnown } from '../append.ts';
import { type Decided, decideAll, type Waiting } from './group.ts';
import { readGroup, TRY } from './state.ts';
import { type CommitterName, createTryObserver, type TryProgress } from '../observed-tries.ts';
import { toUnavailable, type Unanswered } from '../unanswered.ts';

/** What running groups needs of the log and of the scheduler. */
export type GroupRunnerDeps = {
  readonly log: EventLog;
  readonly logger: Logger;
  /** The committer of the groups. */
  readonly name: CommitterName;
  /** Aborts when the committer is closed. */
  readonly signal: AbortSignal;
  readonly unanswered: Unanswered;
  /** Most bytes in one batch. */
  readonly maxGroupBytes: number;
  readonly queue: {
    /** Puts intents back at the front of the queue. */
    readonly putBack: (postponed: readonly Waiting[]) => void;
    /** Updates the queued intents with what a group has appended. */
    readonly noteAppended: (messages: readonly LogMessage[], lastPosition: number) => void;
  };
};

/** Answers each intent of a group or puts it back in the queue; never rejects. */
export type RunGroup = (group: readonly Waiting[]) => Promise<void>;

/** Number of groups to read pessimistically after a conflict, because duplicates come in floods. */
const PESSIMISTIC_GROUPS = 32;

/** Rivals that collided retry spread over this many milliseconds, times the number of the try. */
const RETRY_SPREAD_MS = 10;

/**
 * Runs one group to its end. A try reads the group, decides it in order and appends it as one
 * atomic batch. A batch that is not appended leaves nothing in the log, and the group moves to its
 * next try, without the intents whose deadline is over:
 *
 * - `optimistic`: the group is decided from what its intents know. Most registrations are of new
 *   people, and a change has read its account already. The guards show when that is wrong.
 * - `anyReplica`: one multi-get. It finds most duplicates. A group begins here while
 *   `pessimisticGroups` is above zero.
 * - `leader`, and every later try: reads of the leader. After each of them the group is halved, so
 *   that an intent that conflicts again and again delays few others.
 *
 * After a lost reply the identical messages are sent again until the log acknowledges them or
 * reports a conflict: absence proves nothing while the first append may still arrive. The worse
 * failure is an answer for something that is not in the log.
 */
export function createGroupRunner(deps: GroupRunnerDeps): RunGroup {
  const { log, logger, signal, unanswered, maxGroupBytes, queue } = deps;
  const observed = createTryObserver(deps.name);
  const countInDoubt = createCounter(METRICS.commit.inDoubt);
  startAtZero(METRICS.commit.inDoubt, [{}]);
  let pessimisticGroups = 0;

  async function run(group: readonly Waiting[], firstTry: number): Promise<void> {
    let rest = group;
    for (let tryNumber = firstTry; ; tryNumber += 1) {
      // Who was told that there is no outcome has gone on.
      for (const waiting of rest.filter(({ deadline }) => deadline.isOver())) {
        unanswered.reject(waiting, toUnavailable(new Fault('the deadline passed before a try')));
      }
      const live = rest.filter(unanswered.has);
      if (live.length === 0) return;
      rest = await tryOnce(live, tryNumber);
      if (tryNumber < TRY.leader || rest.length <= 1) continue;
      const half = Math.ceil(rest.length / 2);
      // Side by side, so that a half without the conflict does not wait for the other.
      await Promise.all([
        run(rest.slice(0, half), tryNumber + 1),
        run(rest.slice(half), tryNumber + 1),
      ]);
      return;
    }
  }

  /** Returns the intents that need another try; never rejects. */
  async function tryOnce(
    group: readonly Waiting[],
    tryNumber: number,
  ): Promise<readonly Waiting[]> {
    const putBack = new Set<Waiting>();
    try {
      const undecided = await observed.run(group, tryNumber, (progress) =>
        commitOnce(group, tryNumber, { progress, putBack }),
      );
      if (undecided.length === 0) return undecided;
      if (tryNumber > TRY.optimistic) {
        await delay(Math.random() * RETRY_SPREAD_MS * tryNumber, signal);
      }
      pessimisticGroups = PESSIMISTIC_GROUPS;
      return undecided;
    } catch (thrown) {
      logger.error({ error: coerceError(thrown) }, 'group commit failed');
      for (const waiting of group) {
        if (!putBack.has(waiting)) unanswered.reject(waiting, toUnavailable(thrown));
      }
      return [];
    }
  }

  /** Returns the intents that must be decided again, after a conflict. */
  async function commitOnce(
    group: readonly Waiting[],
    tryNumber: number,
    { progress, putBack }: { readonly progress: TryProgress; readonly putBack: Set<Waiting> },
  ): Promise<readonly Waiting[]> {
    const isWanted = () => group.some(unanswered.has);
    const context: AppendContext = { log, logger, signal, isWanted, countInDoubt };
    const { records, hasNews } = await readGroup(context, group, tryNumber);
    if (hasNews) pessimisticGroups = PESSIMISTIC_GROUPS;
    const { decided, faulty, messages, postponed } = decideAll(group, records, maxGroupBytes);
    const intents = decided.map(({ waiting }) => waiting);
    progress.decided(intents, messages.length);
    for (const waiting of postponed) putBack.add(waiting);
    queue.putBack(postponed);
    for (const { waiting, error } of faulty) {
      logger.error({ error }, 'an intent could not be decided');
      // A later version wrote a claim; a process of that version can decide.
      const isNewer = error instanceof UnreadableRecordError;
      unanswered.reject(
        waiting,
        isNewer ? toUnavailable(error) : new AppError('internal', { cause: error }),
      );
    }
    const isEmpty = messages.length === 0;
    const lastPosition = isEmpty
      ? 0
      : await appendUntilKnown(context, messages, decided.length === 1);
    if (lastPosition === undefined) {
      progress.ended('conflict');
      return intents;
    }
    progress.ended(isEmpty ? 'nothing' : 'appended');
    queue.noteAppended(messages, lastPosition);
    answerAll(decided, lastPosition - messages.length);
    return [];
  }

  /** Answers an appended group, whose messages lie right after `before`. */
  function answerAll(decided: readonly Decided[], before: number): void {
    let position = before;
    for (const { waiting, write } of decided) {
      const count = write.messages.length;
      position += count;
      unanswered.resolve(waiting, write.answer(count === 0 ? 0 : position));
    }
  }

  return (group) => {
    observed.begin(group);
    pessimisticGroups = Math.max(0, pessimisticGroups - 1);
    return run(group, pessimisticGroups > 0 ? TRY.anyReplica : TRY.optimistic);
  };
}
