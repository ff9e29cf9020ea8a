import {
  type AppError,
  coerceError,
  type LogMessage,
  type LogRecord,
  type RecordedSpan,
} from '@zameni/runtime';
import type { Deadline } from '../deadline.ts';

/**
 * The last message of each subject that an intent reads. `position` is undefined where an earlier
 * intent of the same group is about to append.
 */
export type ReadState = ReadonlyMap<
  string,
  { readonly data: string | Uint8Array; readonly position: number | undefined }
>;

/** A message whose guard the committer adds: the position that was decided from. */
export type UnguardedMessage = Omit<LogMessage, 'expectedPosition'>;

/** What an intent appends, and the answer when that is in the log. */
export type Write<Answer> = {
  /** Empty when nothing is to be appended. */
  readonly messages: readonly UnguardedMessage[];
  /** Takes the position of the last message; 0 when there is none. */
  readonly answer: (position: number) => Answer;
};

/** A request to the committer: the subjects to read, and the decision over what they hold. */
export type Intent<Answer> = {
  readonly reads: readonly string[];
  /**
   * Last records of `reads` that the caller has read already; the others are assumed absent. They
   * spare a group a first try that must fail. They may be old: the guards find that out. A decision
   * without messages has no guard, and nothing checks what it was decided from.
   */
  readonly known?: ReadonlyMap<string, LogRecord>;
  /** Most messages a decision may have; 3 by default. */
  readonly maxMessages?: number;
  /** May be called again with newer state; equal decisions must give identical messages. */
  readonly decide: (state: ReadState) => Write<Answer>;
};

/** A submitted intent that waits for its answer, in the queue or in a group. */
export type Waiting = {
  readonly intent: Intent<unknown>;
  /** Records that groups have appended on its subjects since it was submitted. */
  readonly updates: Map<string, LogRecord>;
  /** Milliseconds of `performance.now()`. */
  readonly submittedAt: number;
  /** When it leaves the queue. */
  readonly deadline: Pick<Deadline, 'isOver'>;
  /** Since when it is in the queue: a group may put it back. */
  queuedAt: number;
  /** The span of its command, if it is recorded. */
  readonly span: RecordedSpan | undefined;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: AppError) => void;
};

/** An intent with what it writes. */
export type Decided = { readonly waiting: Waiting; readonly write: Write<unknown> };

/** Claim, key and event: most messages of an intent that declares none. */
const USUAL_MESSAGES = 3;

/** A decided group. */
export type DecidedGroup = {
  readonly decided: readonly Decided[];
  /** Intents for a later group. */
  readonly postponed: readonly Waiting[];
  /** Intents whose decision threw or was too large, which is a bug. */
  readonly faulty: readonly { readonly waiting: Waiting; readonly error: Error }[];
  /** The messages of `decided`, in its order. */
  readonly messages: readonly LogMessage[];
};

/**
 * Most intents of one group that read the same subject. Of rivals that write a subject one is
 * committed and the others are postponed, so a flood on one address must not fill every group.
 */
const MAX_RIVALS = 8;

/** A group taken from the queue, and the rest of the queue. */
export type Taken = {
  readonly group: Waiting[];
  readonly left: Waiting[];
  /** Number of intents in `left` for lack of room, and not because of rivals. */
  readonly crowdedOut: number;
};

/**
 * Takes a group of at most `maxMessages` messages from the queue, in its order. Leaves intents that
 * read a subject of a running group (`inFlight`) or one that `MAX_RIVALS` others of the group read.
 */
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
 * Decides a group in order, from the last record of each subject. Each decision sees what those
 * before it will append, so rivals inside a group are decided here. Postpones intents that would
 * write a subject a second time, because a batch may guard a subject only once, and those beyond
 * `maxBytes`.
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
    const write = decide(waiting.intent, state);
    if (write instanceof Error) {
      faulty.push({ waiting, error: write });
      continue;
    }
    const size = write.messages.reduce((sum, { data }) => sum + data.length, 0);
    const isFull = messages.length > 0 && bytes + size > maxBytes;
    if (isFull || write.messages.some(({ subject }) => written.has(subject))) {
      postponed.push(waiting);
      continue;
    }
    for (const message of write.messages) {
      const expectedPosition = records.get(message.subject)?.position ?? 0;
      messages.push({ ...message, expectedPosition });
      written.add(message.subject);
      state.set(message.subject, { data: message.data, position: undefined });
    }
    bytes += size;
    decided.push({ waiting, write });
  }
  return { decided, postponed, faulty, messages };
}

/** Most messages an intent may append; a group takes only intents that it has room for. */
export function maxMessagesOf({ maxMessages = USUAL_MESSAGES }: Intent<unknown>): number {
  return maxMessages;
}

function decide(intent: Intent<unknown>, state: ReadState): Write<unknown> | Error {
  try {
    const write = intent.decide(state);
    if (write.messages.length <= maxMessagesOf(intent)) return write;
    return new RangeError('a decision has more messages than declared');
  } catch (error) {
    return coerceError(error);
  }
}
