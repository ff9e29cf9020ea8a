import {
  answerAll,
  type Decided,
  decideAll,
  type GroupBounds,
  type Intent,
  type Waiting,
} from './committer-group.ts';
import { AppError, coerceError } from './errors.ts';
import type { EventLog, LogMessage, LogRecord } from './event-log.ts';
import type { Logger } from './logger.ts';
import { createBackoff, delay } from './retry.ts';

/** Bounds of the committer. */
export type CommitterOptions = {
  /** Groups being committed at once. Two were measured best: one is read while one is written. */
  readonly maxGroups?: number;
  /** Most messages and bytes in one group. */
  readonly maxGroupMessages?: number;
  readonly maxGroupBytes?: number;
  /** Most intents waiting; over that they are refused as `overloaded`. */
  readonly maxWaiting?: number;
  /** Milliseconds from submission to an answer or `log-unavailable`. */
  readonly deadlineMs?: number;
};

/** Commits intents to the log in groups. */
export type Committer = AsyncDisposable & {
  /** Resolves only when what was decided is acknowledged by the log. */
  readonly submit: <Answer>(intent: Intent<Answer>) => Promise<Answer>;
};

/**
 * Group commit. An intent is `waiting`, then in a `group`, then answered. What arrives while
 * `maxGroups` groups are under way waits for the next group; so load makes groups larger instead
 * of queues longer. A group is read (one multi-get), decided, and appended as one atomic batch.
 *
 * A rejected batch appends nothing. Its subjects are read again from the leader and decided anew,
 * which diverts those whose address was taken; when that is rejected too, the group is halved, so
 * that one stubborn rival holds up few others. After a lost reply the identical messages are sent
 * again: absence proves nothing while the first may still arrive, so only an acknowledgement or a
 * conflict decides. The worse failure is telling someone yes who is not in the log.
 */
export function createCommitter(
  log: EventLog,
  logger: Logger,
  options: CommitterOptions = {},
): Committer {
  const maxGroups = options.maxGroups ?? 2;
  const bounds: GroupBounds = {
    maxMessages: options.maxGroupMessages ?? 600,
    maxBytes: options.maxGroupBytes ?? 512 * 1024,
  };
  const maxWaiting = options.maxWaiting ?? 10_000;
  const deadlineMs = options.deadlineMs ?? 9_000;
  const stopping = new AbortController();
  const inFlight = new Set<string>();
  const drained = Promise.withResolvers<void>();
  let queue: Waiting[] = [];
  let groups = 0;
  let isClosing = false;
  let isPumpDue = false;

  function pump(): void {
    isPumpDue = false;
    while (groups < maxGroups && queue.length > 0) {
      const group = takeGroup();
      if (group.length === 0) return;
      void runGroup(group);
    }
    if (isClosing && groups === 0 && queue.length === 0) drained.resolve();
  }

  /** Takes intents from the queue that touch no subject of a group under way. */
  function takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const left: Waiting[] = [];
    // Three messages an intent at most: claim, key, event.
    const maxIntents = Math.floor(bounds.maxMessages / 3);
    for (const waiting of queue) {
      const isBlocked = waiting.intent.reads.some((subject) => inFlight.has(subject));
      if (isBlocked || group.length >= maxIntents) left.push(waiting);
      else group.push(waiting);
    }
    queue = left;
    return group;
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    groups += 1;
    const reads = new Set(group.flatMap(({ intent }) => intent.reads));
    for (const subject of reads) inFlight.add(subject);
    try {
      await commit(group, 0);
    } catch (thrown) {
      const error = new AppError('log-unavailable', { cause: thrown, retryAfterSeconds: 1 });
      logger.error({ error: coerceError(thrown) }, 'group commit failed');
      const postponed = new Set(queue);
      for (const waiting of group) if (!postponed.has(waiting)) waiting.reject(error);
    } finally {
      groups -= 1;
      for (const subject of reads) inFlight.delete(subject);
      pump();
    }
  }

  async function commit(group: readonly Waiting[], attempt: number): Promise<void> {
    const live = group.filter((waiting) => !expire(waiting));
    if (live.length === 0) return;
    const records = await readState(live, attempt);
    const { decided, postponed, messages } = decideAll(live, records, bounds);
    queue.unshift(...postponed);
    if (messages.length === 0) return answerAll(decided, 0, 0);
    const lastPosition = await append(decided, messages);
    if (lastPosition !== undefined) return answerAll(decided, lastPosition, messages.length);
    if (attempt > 0) await delay(Math.random() * 10 * attempt, stopping.signal);
    const again = decided.map(({ waiting }) => waiting);
    if (attempt === 0 || again.length === 1) return commit(again, attempt + 1);
    const half = Math.ceil(again.length / 2);
    // Side by side, so that the half without the stubborn one is not held up by the other.
    await Promise.all([
      commit(again.slice(0, half), attempt + 1),
      commit(again.slice(half), attempt + 1),
    ]);
  }

  /** Reads what a group asks for; an answer that does not come is tried again until the deadline. */
  async function readState(
    group: readonly Waiting[],
    attempt: number,
  ): Promise<ReadonlyMap<string, LogRecord>> {
    const reads = [...new Set(group.flatMap(({ intent }) => intent.reads))];
    return retryUntil(group, async () => {
      if (attempt === 0) return log.readLast(reads, stopping.signal);
      const found = await Promise.all(
        reads.map((subject) => log.readLastFromLeader(subject, stopping.signal)),
      );
      return new Map(found.flatMap((record) => (record ? [[record.subject, record]] : [])));
    });
  }

  /** The position of the last message once all are in the log; undefined when a guard failed. */
  async function append(
    decided: readonly Decided[],
    messages: readonly LogMessage[],
  ): Promise<number | undefined> {
    const backoff = createBackoff({ baseMs: 10, maxMs: 500 });
    const group = decided.map(({ waiting }) => waiting);
    let isDoubtful = false;
    for (;;) {
      const outcome = await log.append(messages, stopping.signal);
      switch (outcome.status) {
        case 'appended':
          return outcome.lastPosition;
        case 'conflict':
          return isDoubtful ? readBack(group, messages) : undefined;
        case 'busy':
          await delay(backoff.nextMs(), stopping.signal);
          if (!isDoubtful) return undefined;
          assertTimeLeft(group, new Error('a rival append stays in flight'));
          break;
        case 'unknown':
          isDoubtful = true;
          logger.warn({ error: coerceError(outcome.cause) }, 'append in doubt, sent again');
          assertTimeLeft(group, outcome.cause);
          await delay(backoff.nextMs(), stopping.signal);
          break;
        default:
          outcome satisfies never;
      }
    }
  }

  /** After a conflict on messages sent before: all of them are in the log when the last one is. */
  async function readBack(
    group: readonly Waiting[],
    messages: readonly LogMessage[],
  ): Promise<number | undefined> {
    const last = messages.at(-1);
    if (last === undefined) return undefined;
    const record = await retryUntil(group, () =>
      log.readFirst(last.subject, stopping.signal, last.expectedPosition),
    );
    const isOurs = record !== undefined && Buffer.from(record.data).equals(Buffer.from(last.data));
    return isOurs ? record.position : undefined;
  }

  async function retryUntil<T>(group: readonly Waiting[], read: () => Promise<T>): Promise<T> {
    const backoff = createBackoff({ baseMs: 20, maxMs: 500 });
    for (;;) {
      try {
        return await read();
      } catch (cause) {
        assertTimeLeft(group, cause);
        await delay(backoff.nextMs(), stopping.signal);
      }
    }
  }

  function assertTimeLeft(group: readonly Waiting[], cause: unknown): void {
    if (group.every(({ deadlineAt }) => performance.now() >= deadlineAt)) throw coerceError(cause);
  }

  function expire({ deadlineAt, reject }: Waiting): boolean {
    if (performance.now() < deadlineAt) return false;
    reject(new AppError('overloaded', { retryAfterSeconds: 1 }));
    return true;
  }

  return {
    submit: <Answer>(intent: Intent<Answer>) =>
      new Promise<Answer>((resolve, reject) => {
        if (isClosing || queue.length >= maxWaiting) {
          reject(new AppError('overloaded', { retryAfterSeconds: 1 }));
          return;
        }
        const deadlineAt = performance.now() + deadlineMs;
        // The answer of an intent always goes back to the promise of the same intent.
        queue.push({ intent, deadlineAt, reject, resolve: (a) => resolve(a as Answer) });
        if (!isPumpDue) queueMicrotask(pump);
        isPumpDue = true;
      }),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      pump();
      await drained.promise;
      stopping.abort(new Error('the committer is closed'));
    },
  };
}
