import { batchesOrIdle } from './batches-or-idle.ts';
import type { EventLog, LogMessage, LogRecord } from '../event-log.ts';
import { readToEnd, type ReadToEndOptions } from './read-to-end.ts';
import { LogReadError } from './reader.ts';

/** What to read, and marks to append behind it. */
export type ProvenEndOptions = ReadToEndOptions & {
  /** Makes the messages of a mark. The first one must be in `filter` or be `markFilter`'s. */
  readonly mark: () => readonly LogMessage[];
  /** A second filter, of marks that are not in the first one. */
  readonly markFilter?: string;
};

const MAX_BYTES = 1024 * 1024;

/** Milliseconds to wait for a mark before another one is appended. */
const IDLE_MS = 500;

/** Marks that may be deleted before they are read. */
const MAX_MARKS = 10;

/**
 * Reads what the log holds now for a filter, and proves that it was all. `readToEnd` believes whoever
 * says that there is no more, which may be a former leader. Here a mark is appended, which a former
 * leader cannot acknowledge, and reading goes on until it comes: whoever delivers it has delivered
 * everything before it. To be used before something is destroyed because no record needs it any more.
 *
 * Marks are not yielded. Whoever appends them sees to their deletion; a mark that is deleted before it
 * was read is followed by another one.
 */
export async function* readToProvenEnd(
  log: Pick<EventLog, 'readBatches' | 'readFirst' | 'head' | 'append'>,
  { mark, markFilter, ...what }: ProvenEndOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  const { filter, maxRecords } = what;
  let { after } = what;
  for await (const batch of readToEnd(log, what, signal)) {
    yield batch;
    after = batch.at(-1)?.position ?? after;
  }
  const filters = markFilter === undefined ? [filter] : [filter, markFilter];
  const marks = new Set<string>();
  let end = Number.POSITIVE_INFINITY;

  async function append(): Promise<void> {
    const messages = mark();
    const outcome = await log.append(messages, signal);
    for (const { subject } of messages) marks.add(subject);
    if (outcome.status !== 'appended') return;
    end = Math.min(end, outcome.lastPosition - messages.length + 1);
  }

  const prefix = filter.replace(/\*$/, '');
  const isWanted = ({ subject }: LogRecord) => subject.startsWith(prefix) && !marks.has(subject);
  const options = { filters, after, maxRecords, maxBytes: MAX_BYTES };
  const read = (stop: AbortSignal) => log.readBatches(options, stop);
  let tries = 1;
  await append();
  for await (const batch of batchesOrIdle(read, IDLE_MS, signal)) {
    if (batch === undefined) {
      if (tries === MAX_MARKS) throw new LogReadError('the end of the log could not be proved');
      tries += 1;
      await append();
      continue;
    }
    const wanted = batch.filter(isWanted);
    if (wanted.length > 0) yield wanted;
    if ((batch.at(-1)?.position ?? 0) >= end) return;
  }
  signal.throwIfAborted();
}
