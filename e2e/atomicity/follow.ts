import { setTimeout as pause } from 'node:timers/promises';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import type { EventLog, LogRecord } from '@zameni/runtime';
import { PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';

/** Everything that was appended to the log since the start, read as it happened. */
export type FollowedLog = AsyncDisposable & {
  /** The position before the first record. */
  readonly after: number;
  /**
   * The records up to a position, in order. Records that were deleted before they were read are
   * missing.
   */
  readonly readTo: (position: number, deadlineMs: number) => Promise<readonly LogRecord[]>;
};

const RETRY_MS = 50;

/**
 * Follows the log, because the eraser deletes claims and keys from it later. If a reader ends, for
 * example with its server, another one takes over.
 */
export async function followLog(log: EventLog): Promise<FollowedLog> {
  const after = await log.head(AbortSignal.timeout(PATIENCE_MS));
  const stopping = new AbortController();
  const records: LogRecord[] = [];
  const position = () => records.at(-1)?.position ?? after;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const options = {
        filters: ACCOUNTS_STREAM.subjects,
        after: position(),
        maxRecords: 1_000,
        maxBytes: 4 * 1024 * 1024,
      };
      try {
        for await (const batch of log.readBatches(options, stopping.signal)) records.push(...batch);
      } catch {
        // Any failure: the next reader begins where this one ended, and readTo has a deadline.
        await pause(RETRY_MS);
      }
    }
  })();
  return {
    after,
    readTo: async (end, deadlineMs) => {
      await waitUntil(() => position() >= end, deadlineMs);
      return records.filter((record) => record.position <= end);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
    },
  };
}
