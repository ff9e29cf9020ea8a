import { batchesOrIdle } from './batches-or-idle.ts';
import type { EventLog, LogRecord } from './event-log.ts';

/** What is read, from where on, and most records of a batch. */
export type ReadToEndOptions = {
  readonly filter: string;
  readonly after: number;
  readonly maxRecords: number;
};

const MAX_BYTES = 1024 * 1024;

/** Milliseconds without a record after which the leader is asked whether there is one. */
const IDLE_MS = 500;

/**
 * Reads what the log holds now of a filter, and ends. A reader alone cannot tell that it is at the end,
 * since the replica it reads from may lag and the last records may be deleted meanwhile; so the leader
 * says whether there is one more. Throws when the signal aborts: a part is never taken for the whole.
 */
export async function* readToEnd(
  log: Pick<EventLog, 'readBatches' | 'readFirst' | 'head'>,
  { filter, after, maxRecords }: ReadToEndOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  const end = await log.head(signal);
  let position = after;
  const isAtEnd = async () => {
    const next = await log.readFirst(filter, signal, position);
    return next === undefined || next.position > end;
  };
  if (await isAtEnd()) return;
  const options = { filters: [filter], after, maxRecords, maxBytes: MAX_BYTES };
  const read = (stop: AbortSignal) => log.readBatches(options, stop);
  for await (const batch of batchesOrIdle(read, IDLE_MS, signal)) {
    if (batch !== undefined) {
      yield batch;
      position = batch.at(-1)?.position ?? position;
      if (batch.length === maxRecords) continue;
    }
    if (await isAtEnd()) return;
  }
  signal.throwIfAborted();
}
