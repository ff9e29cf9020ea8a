import {
  type AppendOutcome,
  coerceError,
  type Count,
  createBackoff,
  delay,
  DistrustedLeaderError,
  type EventLog,
  type Logger,
  type LogMessage,
  withDeadline,
  type METRICS,
  Fault,
} from '@zameni/runtime';

/** What one try to read or append works with. */
export type AppendContext = {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Whether anyone still waits for the outcome. */
  readonly isWanted: () => boolean;
  /** Counts an append that is sent again because its reply was lost. */
  readonly countInDoubt: Count<typeof METRICS.commit.inDoubt>;
};

/**
 * Milliseconds without an answer until messages are sent once more. An append takes a few. What was
 * sent while nobody led is lost without an answer: for a second when a frozen server comes back, for
 * longer when the leader is lost. The first append after an election ends the outage for everybody.
 */
const RESEND_MS = 600;

/** Delays between appends of unknown outcome or beside a rival, and between failed reads. */
const APPEND_BACKOFF = { baseMs: 10, maxMs: 250 };
const READ_BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Returns the position of the last message when all are in the log, or undefined when none was
 * appended and a new decision may succeed. Throws the cause when the outcome stays unknown until
 * nobody waits for it, when the log has no room, and when it rejects the messages although they are
 * `isAlone`: of one intent only.
 */
export async function appendUntilKnown(
  context: AppendContext,
  messages: readonly LogMessage[],
  isAlone: boolean,
): Promise<number | undefined> {
  const { logger, signal, countInDoubt } = context;
  const backoff = createBackoff(APPEND_BACKOFF);
  let isDoubtful = false;
  for (;;) {
    const outcome = await appendOnce(context, messages);
    switch (outcome.status) {
      case 'appended':
        return outcome.lastPosition;
      case 'conflict':
        return isDoubtful ? readBack(context, messages) : undefined;
      case 'busy':
        await delay(backoff.nextMs(), signal);
        if (!isDoubtful) return undefined;
        assertWanted(context, new Fault('a rival append stays in flight'));
        break;
      case 'rejected':
        // A group is halved, so that only the intent at fault fails; alone, it has its answer.
        if (isAlone) throw coerceError(outcome.cause);
        return undefined;
      case 'full':
      case 'distrusted':
        // No intent of the group can succeed, so the group is neither sent again nor halved.
        throw coerceError(outcome.cause);
      case 'unknown':
        // Logged once for each group, not at every try.
        if (!isDoubtful) logger.warn({ error: coerceError(outcome.cause) }, 'append in doubt');
        assertWanted(context, outcome.cause);
        if (!isDoubtful) countInDoubt({});
        isDoubtful = true;
        await delay(backoff.nextMs(), signal);
        break;
      default:
        outcome satisfies never;
    }
  }
}

async function appendOnce(
  { log, signal }: AppendContext,
  messages: readonly LogMessage[],
): Promise<AppendOutcome> {
  try {
    const late = () => new Fault(`no answer within ${RESEND_MS} ms`);
    return await withDeadline(log.append(messages, signal), RESEND_MS, late);
  } catch (cause) {
    signal.throwIfAborted();
    return { status: 'unknown', cause };
  }
}

/** Repeats a failed read while somebody waits for it; then throws the cause. */
export async function readUntilAnswered<T>(
  context: AppendContext,
  read: () => Promise<T>,
): Promise<T> {
  const backoff = createBackoff(READ_BACKOFF);
  for (;;) {
    try {
      return await read();
    } catch (cause) {
      // Another leader takes seconds. The caller is told to come again.
      if (cause instanceof DistrustedLeaderError) throw cause;
      assertWanted(context, cause);
      await delay(backoff.nextMs(), context.signal);
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

function assertWanted({ isWanted }: AppendContext, cause: unknown): void {
  if (!isWanted()) throw coerceError(cause);
}
