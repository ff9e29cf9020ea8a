import { createBackoff, delay } from '../async/retry.ts';
import { batchesOrIdle } from './batches-or-idle.ts';
import type { EventLog, LogRecord } from './event-log.ts';
import { LogReadError } from './reader.ts';

/** What is read, from where on, and most records of a batch. */
export type ReadToEndOptions = {
  readonly filter: string;
  readonly after: number;
  readonly maxRecords: number;
};

const MAX_BYTES = 1024 * 1024;

/** Milliseconds without a record after which the leader is asked whether there is one. */
const IDLE_MS = 500;

/** Times in a row that a reader may break off without a record before that is a fault. */
const MAX_BREAKS = 5;
const BACKOFF = { baseMs: 50, maxMs: 1_000 };

/**
 * Reads what the log holds now of a filter, and ends. A reader alone cannot tell that it is at the end,
 * since the replica it reads from may lag and the last records may be deleted meanwhile; so the leader
 * says whether there is one more. A reader that breaks off, as when its server is gone or too busy, is
 * begun again behind what it has. Throws when the signal aborts: a part is never taken for the whole.
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
  const backoff = createBackoff(BACKOFF);
  let breaks = 0;
  while (!(await isAtEnd())) {
    const options = { filters: [filter], after: position, maxRecords, maxBytes: MAX_BYTES };
    const read = (stop: AbortSignal) => log.readBatches(options, stop);
    try {
      for await (const batch of batchesOrIdle(read, IDLE_MS, signal)) {
        if (batch !== undefined) {
          yield batch;
          position = batch.at(-1)?.position ?? position;
          breaks = 0;
          backoff.reset();
          if (batch.length === maxRecords) continue;
        }
        if (await isAtEnd()) return;
      }
      return signal.throwIfAborted();
    } catch (error) {
      breaks += 1;
      if (!(error instanceof LogReadError) || breaks === MAX_BREAKS) throw error;
      await delay(backoff.nextMs(), signal);
    }
  }
}
