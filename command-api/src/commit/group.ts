import { type AppError, coerceError, type LogMessage, type LogRecord } from '@zameni/runtime';

/**
 * What a decision may look at: the last message of each subject it asked for. The position is
 * undefined for what an earlier intent of the same group is about to append.
 */
export type ReadState = ReadonlyMap<
  string,
  { readonly data: string; readonly position: number | undefined }
>;

/** What a decision appends, and the answer once it lies in the log. */
export type Decision<Answer> = {
  /** Guarded by the committer on the positions decided from; none means nothing to append. */
  readonly messages: readonly Omit<LogMessage, 'expectedPosition'>[];
  /** Takes the position of the last of the messages; 0 when there were none. */
  readonly answer: (position: number) => Answer;
};

/** One wish to append: the subjects to read first, and the decision over what they hold. */
export type Intent<Answer> = {
  readonly reads: readonly string[];
  /**
   * Last records of `reads` as the caller has read them beforehand; what is missing is presumed
   * absent. They spare a group a first try that must fail, and may be old: the guards tell. A
   * decision without messages has no guard and stands on them as they are.
   */
  readonly presumed?: ReadonlyMap<string, LogRecord>;
  /** Most messages a decision may have; 3 when left out. */
  readonly maxMessages?: number;
  /** May be called again with newer state; equal decisions must give identical messages. */
  readonly decide: (state: ReadState) => Decision<Answer>;
};

/** An intent on its way to its answer. */
export type Waiting = {
  readonly intent: Intent<unknown>;
  /** What groups before it appended on subjects it reads: newer than what it was submitted with. */
  readonly learnt: Map<string, LogRecord>;
  /** By the clock of `performance.now()`. */
  readonly submittedAt: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: AppError) => void;
};

/** An intent with what was decided for it. */
export type Decided = { readonly waiting: Waiting; readonly decision: Decision<unknown> };

/** Claim, key and event: what most intents append at most. */
const USUAL_MESSAGES = 3;

/** A decided group; `faulty` are those whose decision threw, which is a bug. */
export type DecidedGroup = {
  readonly decided: readonly Decided[];
  readonly postponed: readonly Waiting[];
  readonly faulty: readonly { readonly waiting: Waiting; readonly error: Error }[];
  readonly messages: readonly LogMessage[];
};

/**
 * Intents of one group that read the same subject: where each of them writes it, one is committed and
 * the others come again, so a flood on one address must not fill the groups of everybody.
 */
const MAX_RIVALS = 8;

/** A group taken from the queue, and who is left in it. */
export type Taken = {
  readonly group: Waiting[];
  readonly left: Waiting[];
  /** How many of these are left for want of room, and not because of rivals. */
  readonly crowdedOut: number;
};

/** Takes intents from the queue that touch no subject of a group under way, few of each subject. */
export function chooseGroup(
  queue: readonly Waiting[],
  inFlight: ReadonlySet<string>,
  maxMessages: number,
): Taken {
  const group: Waiting[] = [];
  const left: Waiting[] = [];
  let crowdedOut = 0;
  const rivals = new Map<string, number>();
  let room = maxMessages;
  for (const waiting of queue) {
    const { reads } = waiting.intent;
    const isBlocked = reads.some(
      (subject) => inFlight.has(subject) || (rivals.get(subject) ?? 0) >= MAX_RIVALS,
    );
    const needed = maxMessagesOf(waiting.intent);
    if (isBlocked || needed > room) {
      if (!isBlocked) crowdedOut += 1;
      left.push(waiting);
      continue;
    }
    for (const subject of reads) rivals.set(subject, (rivals.get(subject) ?? 0) + 1);
    room -= needed;
    group.push(waiting);
  }
  return { group, left, crowdedOut };
}

/**
 * Decides a group in order. Each decision sees what those before it will append, so rivals inside a
 * group are settled here; one that would write a subject a second time waits for the next group,
 * because a batch may guard a subject only once.
 */
export function decideAll(
  group: readonly Waiting[],
  records: ReadonlyMap<string, LogRecord>,
  maxBytes: number,
): DecidedGroup {
  const state = new Map<string, { data: string; position: number | undefined }>();
  for (const [subject, { data, position }] of records) {
    state.set(subject, { data: Buffer.from(data).toString('utf8'), position });
  }
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
    if (decision.messages.length > maxMessagesOf(waiting.intent)) {
      faulty.push({ waiting, error: new RangeError('a decision has more messages than declared') });
      continue;
    }
    const size = decision.messages.reduce((sum, { data }) => sum + data.length, 0);
    const isFull = messages.length > 0 && bytes + size > maxBytes;
    if (isFull || decision.messages.some(({ subject }) => written.has(subject))) {
      postponed.push(waiting);
      continue;
    }
    for (const message of decision.messages) {
      const expectedPosition = records.get(message.subject)?.position ?? 0;
      messages.push({ ...message, expectedPosition });
      written.add(message.subject);
      state.set(message.subject, { data: message.data, position: undefined });
    }
    bytes += size;
    decided.push({ waiting, decision });
  }
  return { decided, postponed, faulty, messages };
}

/** Most messages an intent may append: a group takes in no more intents than it has room for. */
export function maxMessagesOf({ maxMessages = USUAL_MESSAGES }: Intent<unknown>): number {
  return maxMessages;
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
