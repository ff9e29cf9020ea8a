import {
  coerceError,
  createBackoff,
  delay,
  type EventLog,
  type Logger,
  type LogMessage,
  type LogRecord,
} from '@zameni/runtime';

/** What one try to commit a group works with. */
export type AppendContext = {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Whether anyone still waits for the outcome. */
  readonly isWanted: () => boolean;
};

/** What a group is decided from: what is presumed, any replica, or the leader; from there on in halves. */
export const ATTEMPT = { presumeNew: 0, readAnywhere: 1, readLeader: 2 } as const;

/** Single reads of the leader at once. */
const MAX_LEADER_READS = 64;

/** Reads the last record of each subject as the attempt says; tries again while it is wanted. */
export async function readState(
  context: AppendContext,
  subjects: readonly string[],
  attempt: number,
): Promise<ReadonlyMap<string, LogRecord>> {
  const { log, signal } = context;
  if (attempt === ATTEMPT.readAnywhere) {
    return readUntilAnswered(context, () => log.readLast(subjects, signal));
  }
  const found = new Map<string, LogRecord>();
  for (let start = 0; start < subjects.length; start += MAX_LEADER_READS) {
    const slice = subjects.slice(start, start + MAX_LEADER_READS);
    const records = await readUntilAnswered(context, () =>
      Promise.all(slice.map((subject) => log.readLastFromLeader(subject, signal))),
    );
    for (const record of records) if (record !== undefined) found.set(record.subject, record);
  }
  return found;
}

/**
 * Appends and answers the position of the last message once all are in the log, or undefined when
 * nothing was appended and a new decision may fare better. Throws when the outcome stays unknown
 * until nobody waits for it, when the log has no room, or when it rejects a single message for good.
 */
export async function appendUntilKnown(
  context: AppendContext,
  messages: readonly LogMessage[],
  isAlone: boolean,
): Promise<number | undefined> {
  const { log, logger, signal } = context;
  const backoff = createBackoff({ baseMs: 10, maxMs: 500 });
  let isDoubtful = false;
  for (;;) {
    const outcome = await log.append(messages, signal);
    switch (outcome.status) {
      case 'appended':
        return outcome.lastPosition;
      case 'conflict':
        return isDoubtful ? readBack(context, messages) : undefined;
      case 'busy':
        await delay(backoff.nextMs(), signal);
        if (!isDoubtful) return undefined;
        assertWanted(context, new Error('a rival append stays in flight'));
        break;
      case 'rejected':
        // Halved, it holds up only whoever it is about; alone, it is an answer.
        if (isAlone) throw coerceError(outcome.cause);
        return undefined;
      case 'full':
        // Nobody of the group would fare better, so it is neither sent again nor halved.
        throw coerceError(outcome.cause);
      case 'unknown':
        // Said once for each group, not at every try.
        if (!isDoubtful) logger.warn({ error: coerceError(outcome.cause) }, 'append in doubt');
        isDoubtful = true;
        assertWanted(context, outcome.cause);
        await delay(backoff.nextMs(), signal);
        break;
      default:
        outcome satisfies never;
    }
  }
}

/** After a conflict on messages sent before: all of them are in the log when the last one is. */
async function readBack(
  context: AppendContext,
  messages: readonly LogMessage[],
): Promise<number | undefined> {
  const last = messages.at(-1);
  if (last === undefined) return undefined;
  const record = await readUntilAnswered(context, () =>
    context.log.readFirst(last.subject, context.signal, last.expectedPosition),
  );
  const isOurs = record !== undefined && Buffer.from(record.data).equals(Buffer.from(last.data));
  return isOurs ? record.position : undefined;
}

async function readUntilAnswered<T>(context: AppendContext, read: () => Promise<T>): Promise<T> {
  const backoff = createBackoff({ baseMs: 20, maxMs: 500 });
  for (;;) {
    try {
      return await read();
    } catch (cause) {
      assertWanted(context, cause);
      await delay(backoff.nextMs(), context.signal);
    }
  }
}

function assertWanted({ isWanted }: AppendContext, cause: unknown): void {
  if (!isWanted()) throw coerceError(cause);
}
