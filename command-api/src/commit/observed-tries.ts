import {
  addPastSpan,
  createCounter,
  createHistogram,
  METRICS,
  SPANS,
  startAtZero,
  withSharedSpan,
} from '@zameni/runtime';
import type { Waiting } from './group/group.ts';

/** The commands that a committer is for. */
export type CommitterName = 'commands' | 'public';

/** How a try ended for its group. */
export type TryOutcome = 'appended' | 'nothing' | 'conflict' | 'failed';

/** What a try reports while it runs. */
export type TryProgress = {
  /** Call it when the group is decided. */
  readonly decided: (intents: readonly Waiting[], messageCount: number) => void;
  /** Call it at the end, unless the try throws. */
  readonly ended: (outcome: TryOutcome) => void;
};

/** Measures groups and their tries, and shows them in the traces of their commands. */
export type TryObserver = {
  /** A group begins. */
  readonly begin: (group: readonly Waiting[]) => void;
  /** Runs a try. */
  readonly run: <T>(
    group: readonly Waiting[],
    tryNumber: number,
    attempt: (progress: TryProgress) => Promise<T>,
  ) => Promise<T>;
};

/** The state of a try. Times are those of `performance.now()`. */
type Try = {
  readonly startedAt: number;
  decidedAt: number | undefined;
  intents: ReadonlySet<Waiting>;
  messageCount: number;
  outcome: TryOutcome;
};

/**
 * A group serves many commands, so the work on it is in a trace of its own, linked to those of its
 * recorded commands. Each of these shows the same times in spans of its own, because whoever reads
 * one trace wants to see where its time went. Without recorded commands there are no spans.
 */
export function createTryObserver(committer: CommitterName): TryObserver {
  const measureSize = createHistogram(METRICS.commit.groupSize);
  const measureDuration = createHistogram(METRICS.commit.duration);
  const countConflict = createCounter(METRICS.commit.conflicts);
  const name = { 'zameni.committer': committer } as const;
  startAtZero(METRICS.commit.conflicts, [name]);

  function measure({ startedAt, outcome }: Try, endedAt: number): void {
    const attributes = { ...name, 'zameni.commit.outcome': outcome };
    measureDuration((endedAt - startedAt) / 1_000, attributes);
    if (outcome === 'conflict') countConflict(name);
  }

  return {
    begin: (group) => {
      measureSize(group.length, name);
      const endedAt = performance.now();
      for (const { span, queuedAt } of group) {
        if (span === undefined) continue;
        const wait = { parent: span, startedAt: queuedAt, endedAt, attributes: name };
        addPastSpan(SPANS.queue, wait);
      }
    },
    run: (group, tryNumber, attempt) => {
      const state: Try = {
        startedAt: performance.now(),
        decidedAt: undefined,
        intents: new Set(),
        messageCount: 0,
        outcome: 'failed',
      };
      const progress: TryProgress = {
        decided: (intents, messageCount) => {
          state.decidedAt = performance.now();
          state.intents = new Set(intents);
          state.messageCount = messageCount;
        },
        ended: (outcome) => {
          state.outcome = outcome;
        },
      };
      const members = group.flatMap(({ span }) => span ?? []);
      const work = { members, isAlone: group.length === 1 };
      return withSharedSpan(SPANS.commit, work, async (set, shared) => {
        try {
          return await attempt(progress);
        } finally {
          const endedAt = performance.now();
          measure(state, endedAt);
          if (members.length > 0) {
            const tries = { ...name, 'zameni.commit.tries': tryNumber + 1 };
            set({ ...tries, 'zameni.commit.outcome': state.outcome });
            for (const waiting of group) addSpans(waiting, { state, tries, shared, endedAt });
          }
        }
      });
    },
  };
}

type Ended = {
  readonly state: Try;
  readonly tries: { readonly 'zameni.committer': string; readonly 'zameni.commit.tries': number };
  readonly shared: Waiting['span'];
  readonly endedAt: number;
};

/** Shows a try in the trace of one of its commands. */
function addSpans(waiting: Waiting, { state, tries, shared, endedAt }: Ended): void {
  const { span: parent } = waiting;
  if (parent === undefined) return;
  const { startedAt, decidedAt, intents, messageCount } = state;
  const isLeft = decidedAt !== undefined && !intents.has(waiting);
  const outcome = isLeft ? 'postponed' : state.outcome;
  addPastSpan(SPANS.decide, {
    parent,
    startedAt,
    endedAt: decidedAt ?? endedAt,
    attributes: { ...tries, 'zameni.commit.outcome': outcome },
  });
  // Alone in its group, the command has the span of the log's client.
  if (shared === undefined || decidedAt === undefined || isLeft || messageCount === 0) return;
  addPastSpan(SPANS.append, {
    parent,
    startedAt: decidedAt,
    endedAt,
    attributes: {
      'messaging.batch.message_count': messageCount,
      'zameni.commit.outcome': outcome,
    },
    sharedIn: shared,
  });
}
