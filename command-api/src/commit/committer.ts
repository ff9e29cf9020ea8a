import {
  AppError,
  createHistogram,
  createOverloaded,
  DEADLINES,
  type EventLog,
  type Logger,
  METRICS,
  observe,
  recordedSpan,
  Fault,
} from '@zameni/runtime';
import { type AdmissionBounds, createAdmission } from './admission.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { chooseGroup, type Intent, maxMessagesOf, type Waiting } from './group/group.ts';
import { createGroupRunner } from './group/runner.ts';
import { noteAppended } from './group/state.ts';
import type { CommitterName } from './observed-tries.ts';
import { createUnanswered, toUnavailable } from './unanswered.ts';

/** Name and bounds of the committer. */
export type CommitterOptions = AdmissionBounds & {
  readonly name: CommitterName;
  /** Most groups that run at once. */
  readonly maxGroups: number;
  /** Intents that must wait for a group to begin beside another. */
  readonly minOverlap: number;
  /** Milliseconds of rest between groups while there is load. */
  readonly lingerMs: number;
  /** Waiting intents that end the rest early. */
  readonly maxLingering: number;
  /** Most messages in one group. */
  readonly maxGroupMessages: number;
  /** Most bytes of data in one group. */
  readonly maxGroupBytes: number;
  /**
   * Milliseconds from submission to an outcome or `log-unavailable`, for what a group has begun to
   * append. An intent in the queue waits until its own deadline.
   */
  readonly deadlineMs: number;
};

/** Commits intents to the log in groups. */
export type Committer = AsyncDisposable & {
  /**
   * Resolves when the log has acknowledged what was decided. Rejects with an AppError: `overloaded`
   * when nothing was appended, `log-unavailable` when the outcome is unknown or the log refuses it,
   * `internal` when the intent could not be decided. Nothing is appended if the deadline comes while
   * the intent waits in the queue or for another try.
   */
  readonly submit: <Answer>(intent: Intent<Answer>, deadline?: Deadline) => Promise<Answer>;
  /** Whether an intent submitted now would be refused. Callers ask before expensive work. */
  readonly isOverloaded: () => boolean;
};

/**
 * `maxGroups`, `minOverlap`, `lingerMs` and `maxLingering` are measured: a group costs some 3.5 ms
 * of CPU however small it is (bench/results.md; DECISIONS.md, 17). `maxGroupMessages` stays below
 * the 1,000 of a JetStream batch. The others are chosen.
 */
const DEFAULTS: CommitterOptions = {
  name: 'commands',
  maxGroups: 2,
  minOverlap: 128,
  lingerMs: 8,
  maxLingering: 64,
  maxGroupMessages: 600,
  maxGroupBytes: 512 * 1024,
  deadlineMs: DEADLINES.intent,
  maxWaiting: 10_000,
  minWaiting: 200,
  maxStandingMs: 250,
  maxWaitMs: 1_000,
};

/** What forms the next groups. */
type Formation =
  | { readonly status: 'idle' }
  | { readonly status: 'due' }
  | { readonly status: 'resting'; readonly timer: NodeJS.Timeout };

const IDLE: Formation = { status: 'idle' };
const DUE: Formation = { status: 'due' };

/**
 * Group commit: decides when a group is formed and how many run. `createGroupRunner` runs each one.
 * An intent waits in the queue, then runs in a group, then has its answer. While `maxGroups` groups
 * run, new intents wait for the next one, so load makes groups larger and not queues longer.
 *
 * The formation of the next groups has three states:
 *
 * - `idle`: nothing is planned. A submitted intent makes it `due`; the end of a group forms groups
 *   at once.
 * - `due`: groups are formed in a microtask, so that intents of one turn of the event loop share
 *   one.
 * - `resting`: no group runs, the last one was shared, and few intents wait. A timer forms groups
 *   at the end of the rest; `maxLingering` waiting intents make it `due` before that.
 */
export function createCommitter(
  log: EventLog,
  logger: Logger,
  options: Partial<CommitterOptions> = {},
): Committer {
  const bounds = { ...DEFAULTS, ...options };
  const { maxGroups, minOverlap, lingerMs, maxLingering, maxGroupMessages } = bounds;
  const admission = createAdmission(bounds, () => performance.now());
  const unanswered = createUnanswered(bounds.deadlineMs, dropLate);
  const closed = new AbortController();
  const drained = Promise.withResolvers<void>();
  const inFlight = new Set<string>();
  let queue: Waiting[] = [];
  let running = 0;
  let formation = IDLE;
  let restUntil = 0;
  let isClosing = false;
  const runGroup = createGroupRunner({
    log,
    logger,
    name: bounds.name,
    signal: closed.signal,
    unanswered,
    maxGroupBytes: bounds.maxGroupBytes,
    queue: {
      putBack: (postponed) => {
        for (const waiting of postponed) waiting.queuedAt = performance.now();
        queue.unshift(...postponed);
      },
      noteAppended: (messages, lastPosition) => noteAppended(queue, messages, lastPosition),
    },
  });

  function enter(next: Formation): void {
    if (formation.status === 'resting') clearTimeout(formation.timer);
    formation = next;
  }

  function formGroups(): void {
    enter(IDLE);
    const restMs = restUntil - performance.now();
    if (running === 0 && restMs > 0 && queue.length < maxLingering && !isClosing) {
      enter({ status: 'resting', timer: setTimeout(formGroups, restMs) });
      return;
    }
    while (running < maxGroups && queue.length >= (running === 0 ? 1 : minOverlap)) {
      const group = takeGroup();
      if (group.length === 0) return;
      void startGroup(group);
    }
    if (isClosing && running === 0 && queue.length === 0) drained.resolve();
  }

  function takeGroup(): Waiting[] {
    const taken = chooseGroup(queue, inFlight, maxGroupMessages);
    const { group, left } = taken;
    queue = left;
    if (group.length === 0) return group;
    const late = new Set(admission.afterTaking(taken));
    if (late.size > 0) queue = left.filter((waiting) => !late.has(waiting));
    for (const waiting of late) unanswered.reject(waiting, createOverloaded());
    return group;
  }

  async function startGroup(group: readonly Waiting[]): Promise<void> {
    running += 1;
    const reads = new Set(group.flatMap(({ intent }) => intent.reads));
    for (const subject of reads) inFlight.add(subject);
    await runGroup(group);
    running -= 1;
    for (const subject of reads) inFlight.delete(subject);
    // After a lone intent the next one goes at once; a shared group is a sign of load.
    if (group.length > 1) restUntil = performance.now() + lingerMs;
    formGroups();
  }

  function dropLate(): void {
    for (const waiting of queue) {
      if (!waiting.deadline.isOver()) continue;
      unanswered.reject(waiting, toUnavailable(new Fault('the deadline passed in the queue')));
    }
    queue = queue.filter(unanswered.has);
    formGroups();
  }

  function enqueue(waiting: Waiting): void {
    unanswered.add(waiting);
    queue.push(waiting);
    const { status } = formation;
    if (status === 'due' || (status === 'resting' && queue.length < maxLingering)) return;
    enter(DUE);
    queueMicrotask(formGroups);
  }

  const attributes = { 'zameni.committer': bounds.name };
  const measureWait = createHistogram(METRICS.commit.waitDuration);
  const observed = observe(METRICS.commit.queueLength, () => [{ value: queue.length, attributes }]);
  const isOverloaded = () => isClosing || !admission.admits(queue);
  return {
    isOverloaded,
    submit: <Answer>(intent: Intent<Answer>, deadline = createDeadline(DEADLINES.outcome)) =>
      new Promise<Answer>((resolve, reject) => {
        if (isOverloaded()) return reject(createOverloaded());
        if (maxMessagesOf(intent) > maxGroupMessages) {
          const cause = new RangeError(`an intent has at most ${maxGroupMessages} messages`);
          return reject(new AppError('internal', { cause }));
        }
        const submittedAt = performance.now();
        const measure = () => measureWait((performance.now() - submittedAt) / 1_000, attributes);
        enqueue({
          intent,
          submittedAt,
          queuedAt: submittedAt,
          deadline,
          span: recordedSpan(),
          updates: new Map(),
          reject: (error) => {
            measure();
            reject(error);
          },
          resolve: (answer) => {
            measure();
            // An intent's answer only ever goes to the promise of the same intent.
            // oxlint-disable-next-line typescript/no-unsafe-type-assertion
            resolve(answer as Answer);
          },
        });
      }),
    [Symbol.asyncDispose]: async () => {
      isClosing = true;
      formGroups();
      await drained.promise;
      closed.abort(new Fault('the committer is closed'));
      observed[Symbol.dispose]();
    },
  };
}
