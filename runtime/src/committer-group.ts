import type { AppError } from './errors.ts';
import type { LogMessage, LogRecord } from './event-log.ts';

/** What a decision may look at: the last message of each subject it asked for. */
export type ReadState = ReadonlyMap<string, string>;

/** What a decision appends, and the answer once it lies in the log. */
export type Decision<Answer> = {
  /** Guarded on `positions.get(subject) ?? 0` by the committer; none means nothing to append. */
  readonly messages: readonly Omit<LogMessage, 'expectedPosition'>[];
  /** Takes the position of the last of the messages; 0 when there were none. */
  readonly answer: (position: number) => Answer;
};

/** One wish to append: the subjects to read first, and the decision over what they hold. */
export type Intent<Answer> = {
  readonly reads: readonly string[];
  /** May be called again with newer state; equal decisions must give identical messages. */
  readonly decide: (state: ReadState) => Decision<Answer>;
};

/** An intent on its way to its answer. */
export type Waiting = {
  readonly intent: Intent<unknown>;
  readonly deadlineAt: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: AppError) => void;
};

/** An intent with what was decided for it. */
export type Decided = { readonly waiting: Waiting; readonly decision: Decision<unknown> };

/** Most messages and bytes in one atomic append. */
export type GroupBounds = { readonly maxMessages: number; readonly maxBytes: number };

/**
 * Decides a group in order. Each decision sees what those before it will append, so rivals inside a
 * group are settled here; one that would write a subject a second time waits for the next group,
 * because a batch may guard a subject only once.
 */
export function decideAll(
  group: readonly Waiting[],
  records: ReadonlyMap<string, LogRecord>,
  { maxMessages, maxBytes }: GroupBounds,
): { decided: Decided[]; postponed: Waiting[]; messages: LogMessage[] } {
  const state = new Map<string, string>();
  for (const [subject, { data }] of records) state.set(subject, Buffer.from(data).toString('utf8'));
  const written = new Set<string>();
  const decided: Decided[] = [];
  const postponed: Waiting[] = [];
  const messages: LogMessage[] = [];
  let bytes = 0;
  for (const waiting of group) {
    const decision = waiting.intent.decide(state);
    const size = decision.messages.reduce((sum, { data }) => sum + data.length, 0);
    const isFull =
      messages.length + decision.messages.length > maxMessages ||
      (messages.length > 0 && bytes + size > maxBytes);
    if (isFull || decision.messages.some(({ subject }) => written.has(subject))) {
      postponed.push(waiting);
      continue;
    }
    for (const message of decision.messages) {
      const expectedPosition = records.get(message.subject)?.position ?? 0;
      messages.push({ ...message, expectedPosition });
      written.add(message.subject);
      state.set(message.subject, message.data);
    }
    bytes += size;
    decided.push({ waiting, decision });
  }
  return { decided, postponed, messages };
}

/** Answers everyone of an appended group; the messages lie right before `lastPosition`. */
export function answerAll(decided: readonly Decided[], lastPosition: number, count: number): void {
  let position = lastPosition - count;
  for (const { waiting, decision } of decided) {
    position += decision.messages.length;
    waiting.resolve(decision.answer(decision.messages.length === 0 ? 0 : position));
  }
}
