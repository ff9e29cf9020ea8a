import { type AdmissionBounds, createAdmission } from './admission.ts';
import { type AppendContext, appendUntilKnown, ATTEMPT } from './append.ts';
import {
  answersOf,
  chooseGroup,
  decideAll,
  type Intent,
  maxMessagesOf,
  type Waiting,
} from './group.ts';
import { recall, tellAppended } from './presumed-state.ts';
import {
  AppError,
  coerceError,
  createOverloaded,
  delay,
  type EventLog,
  type Logger,
} from '@zameni/runtime';

/** Bounds of the committer. */
export type CommitterOptions = Partial<AdmissionBounds> & {
  /** Groups being committed at once. Two were measured best where load is high. */
  readonly maxGroups?: number;
  /** Intents that must wait for a group to begin beside another: small groups cost more each. */
  readonly minOverlap?: number;
  /** Milliseconds between groups while there is load: each costs some 4 ms of CPU, however small. */
  readonly lingerMs?: number;
  /** Waiting intents that are a good group already, so that they end the linger early. */
  readonly maxLingering?: number;
  /** Most messages and bytes in one group. */
  readonly maxGroupMessages?: number;
  readonly maxGroupBytes?: number;
  /** Milliseconds from submission to an answer or `log-unavailable`. */
  readonly deadlineMs?: number;
};

/** Commits intents to the log in groups. */
export type Committer = AsyncDisposable & {
  /** Resolves only when what was decided is acknowledged by the log. */
  readonly submit: <Answer>(intent: Intent<Answer>) => Promise<Answer>;
  /** Whether an intent submitted now would be refused, for who can spare the work before. */
  readonly isOverloaded: () => boolean;
};

const BOUNDS = { maxWaiting: 10_000, minWaiting: 200, maxStandingMs: 250, maxWaitMs: 1_000 };

/** Groups that are read before they are decided, after one that met something in the log. */
const WARY_GROUPS = 32;

/** Milliseconds between looks for those who have waited too long. */
const SWEEP_MS = 100;

/** Rivals that met try again spread over this many milliseconds, times the attempt. */
const RETRY_SPREAD_MS = 10;

/**
 * Group commit. An intent is `waiting`, then in a `group`, then answered. What arrives while
 * `maxGroups` groups are under way waits for the next group; so load makes groups larger instead
 * of queues longer. A group is decided and appended as one atomic batch.
 *
 * A group is first decided from what its intents presume: most registrations are of new people, and
 * who changes an account has read it already. The guards tell when that is wrong. A rejected batch appends nothing: it is decided
 * again from one multi-get, which diverts those whose address was taken, then from the leader, and
 * then in halves, so that one stubborn rival holds up few others. For a while after a conflict
 * groups are read before they are decided, because duplicates come in floods. After a lost reply the identical messages are sent
 * again: absence proves nothing while the first may still arrive, so only an acknowledgement or a
 * conflict decides. The worse failure is telling someone yes who is not in the log.
 */
export function createCommitter(
  log: EventLog,
  logger: Logger,
  options: CommitterOptions = {},
): Committer {
  const maxGroups = options.maxGroups ?? 2;
  const maxGroupMessages = options.maxGroupMessages ?? 600;
  const maxGroupBytes = options.maxGroupBytes ?? 512 * 1024;
  const minOverlap = options.minOverlap ?? 128;
  const lingerMs = options.lingerMs ?? 8;
  const maxLingering = options.maxLingering ?? 64;
  const deadlineMs = options.deadlineMs ?? 8_000;
  const admission = createAdmission({ ...BOUNDS, ...options }, () => performance.now());
  const stopping = new AbortController();
  const inFlight = new Set<string>();
  const drained = Promise.withResolvers<void>();
  const unsettled = new Set<Waiting>();
  let sweep: NodeJS.Timeout | undefined;
  let queue: Waiting[] = [];
  let groups = 0;
  let isClosing = false;
  let isPumpDue = false;
  let waryGroups = 0;
  let restUntil = 0;
  let rest: NodeJS.Timeout | undefined;

  function pump(): void {
    isPumpDue = false;
    const restMs = restUntil - performance.now();
    if (groups === 0 && restMs > 0 && queue.length < maxLingering && !isClosing) {
      rest ??= setTimeout(() => {
        rest = undefined;
        pump();
      }, restMs);
      return;
    }
    while (groups < maxGroups && queue.length >= (groups === 0 ? 1 : minOverlap)) {
      const group = takeGroup();
      if (group.length === 0) return;
      void runGroup(group);
    }
    if (isClosing && groups === 0 && queue.length === 0) drained.resolve();
  }

  function takeGroup(): Waiting[] {
    const taken = chooseGroup(queue, inFlight, maxGroupMessages);
    const { group, left } = taken;
    queue = left;
    if (group.length === 0) return group;
    const late = new Set(admission.afterTaking(taken));
    if (late.size > 0) queue = left.filter((waiting) => !late.has(waiting));
    for (const waiting of late) settle(waiting, () => waiting.reject(createOverloaded()));
    return group;
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    groups += 1;
    const reads = new Set(group.flatMap(({ intent }) => intent.reads));
    for (const subject of reads) inFlight.add(subject);
    waryGroups = Math.max(0, waryGroups - 1);
    await commit(group, waryGroups > 0 ? ATTEMPT.readAnywhere : ATTEMPT.presumeNew);
    groups -= 1;
    for (const subject of reads) inFlight.delete(subject);
    // Alone, the next one goes at once; in company, waiting for more is cheaper for all.
    if (group.length > 1) restUntil = performance.now() + lingerMs;
    pump();
  }

  /** Settles everyone of a group, or puts some back into the queue; never rejects. */
  async function commit(group: readonly Waiting[], attempt: number): Promise<void> {
    const live = group.filter((waiting) => unsettled.has(waiting));
    if (live.length === 0) return;
    try {
      await tryCommit(live, attempt);
    } catch (thrown) {
      logger.error({ error: coerceError(thrown) }, 'group commit failed');
      const postponed = new Set(queue);
      for (const waiting of live) {
        if (!postponed.has(waiting)) settle(waiting, () => waiting.reject(toUnavailable(thrown)));
      }
    }
  }

  async function tryCommit(live: readonly Waiting[], attempt: number): Promise<void> {
    const isWanted = () => live.some((waiting) => unsettled.has(waiting));
    const append: AppendContext = { log, logger, signal: stopping.signal, isWanted };
    const { records, isNews } = await recall(append, live, attempt);
    if (isNews) waryGroups = WARY_GROUPS;
    const { decided, postponed, faulty, messages } = decideAll(live, records, maxGroupBytes);
    queue.unshift(...postponed);
    for (const { waiting, error } of faulty) {
      logger.error({ error }, 'an intent could not be decided');
      settle(waiting, () => waiting.reject(new AppError('internal', { cause: error })));
    }
    const lastPosition =
      messages.length === 0 ? 0 : await appendUntilKnown(append, messages, decided.length === 1);
    if (lastPosition !== undefined) {
      tellAppended(queue, messages, lastPosition);
      for (const { waiting, answer } of answersOf(decided, lastPosition, messages.length)) {
        settle(waiting, () => waiting.resolve(answer));
      }
      return;
    }
    if (attempt > ATTEMPT.presumeNew) {
      await delay(Math.random() * RETRY_SPREAD_MS * attempt, stopping.signal);
    }
    const again = decided.map(({ waiting }) => waiting);
    waryGroups = WARY_GROUPS;
    if (attempt < ATTEMPT.readLeader || again.length === 1) return commit(again, attempt + 1);
    const half = Math.ceil(again.length / 2);
    // Side by side, so that the half without the stubborn one is not held up by the other.
    await Promise.all([
      commit(again.slice(0, half), attempt + 1),
      commit(again.slice(half), attempt + 1),
    ]);
  }

  function settle(waiting: Waiting, how: () => void): void {
    if (unsettled.delete(waiting)) how();
    if (unsettled.size === 0) clearInterval(sweep);
  }

  /** Rejects whoever has waited too long, in the queue or in a group; the oldest come first. */
  function sweepLate(): void {
    const now = performance.now();
    for (const waiting of unsettled) {
      if (waiting.submittedAt + deadlineMs > now) break;
      settle(waiting, () => waiting.reject(toUnavailable(new Error('the deadline passed'))));
    }
    queue = queue.filter((waiting) => unsettled.has(waiting));
    pump();
  }

  function enqueue(waiting: Waiting): void {
    if (unsettled.size === 0) sweep = setInterval(sweepLate, SWEEP_MS);
    unsettled.add(waiting);
    queue.push(waiting);
    if (!isPumpDue) queueMicrotask(pump);
    isPumpDue = true;
  }

  const isOverloaded = () => isClosing || !admission.admits(queue);
  return {
    isOverloaded,
    submit: <Answer>(intent: Intent<Answer>) =>
      new Promise<Answer>((resolve, reject) => {
        if (isOverloaded()) return reject(createOverloaded());
        if (maxMessagesOf(intent) > maxGroupMessages) {
          const cause = new RangeError(`an intent has at most ${maxGroupMessages} messages`);
          return reject(new AppError('internal', { cause }));
        }
        // The answer of an intent always goes back to the promise of the same intent.
        enqueue({
          intent,
          submittedAt: performance.now(),
          learnt: new Map(),
          reject,
          resolve: (a) => resolve(a as Answer),
        });
      }),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      pump();
      await drained.promise;
      stopping.abort(new Error('the committer is closed'));
    },
  };
}

function toUnavailable(cause: unknown): AppError {
  return new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
}
