import { type AppError, coerceError } from './errors.ts';
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

/** A decided group; `faulty` are those whose decision threw, which is a bug. */
export type DecidedGroup = {
  readonly decided: readonly Decided[];
  readonly postponed: readonly Waiting[];
  readonly faulty: readonly { readonly waiting: Waiting; readonly error: Error }[];
  readonly messages: readonly LogMessage[];
};

/**
 * Decides a group in order. Each decision sees what those before it will append, so rivals inside a
 * group are settled here; one that would write a subject a second time waits for the next group,
 * because a batch may guard a subject only once.
 */
export function decideAll(
  group: readonly Waiting[],
  records: ReadonlyMap<string, LogRecord>,
  { maxMessages, maxBytes }: GroupBounds,
): DecidedGroup {
  const state = new Map<string, string>();
  for (const [subject, { data }] of records) state.set(subject, Buffer.from(data).toString('utf8'));
  const written = new Set<string>();
  const decided: Decided[] = [];
  const postponed: Waiting[] = [];
  const faulty: { waiting: Waiting; error: Error }[] = [];
  const messages: LogMessage[] = [];
  let bytes = 0;
  for (const waiting of group) {
    const decision = attempt(() => waiting.intent.decide(state));
    if (decision instanceof Error) {
      faulty.push({ waiting, error: decision });
      continue;
    }
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
  return { decided, postponed, faulty, messages };
}

/** The answers of an appended group; its messages lie right before `lastPosition`. */
export function answersOf(
  decided: readonly Decided[],
  lastPosition: number,
  count: number,
): { readonly waiting: Waiting; readonly answer: unknown }[] {
  let position = lastPosition - count;
  return decided.map(({ waiting, decision }) => {
    position += decision.messages.length;
    return { waiting, answer: decision.answer(decision.messages.length === 0 ? 0 : position) };
  });
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return coerceError(error);
  }
}
