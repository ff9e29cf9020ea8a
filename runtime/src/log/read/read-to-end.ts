import { createBackoff, delay } from '../../async/retry.ts';
import { batchesOrIdle } from './batches-or-idle.ts';
import type { EventLog, LogRecord } from '../event-log.ts';
import { LogReadError } from './reader.ts';

/** What to read, the start, and the size of batches. */
export type ReadToEndOptions = {
  readonly filter: string;
  readonly after: number;
  readonly maxRecords: number;
};

const MAX_BYTES = 1024 * 1024;

/** Milliseconds without a record after which the leader is asked whether there is one. */
const IDLE_MS = 500;

/** Consecutive failures of a reader without a record that count as a fault. */
const MAX_BREAKS = 5;
const BACKOFF = { baseMs: 50, maxMs: 1_000 };

/**
 * Reads what the log holds now for a filter, and ends. A reader cannot detect the end by itself:
 * its replica may lag, and the last records may be deleted in between. So the leader is asked
 * whether there is another record. A reader that fails, because its server is gone or too busy,
 * starts again after the last record read. Throws when the signal aborts, so that a part never
 * counts as the whole.
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
