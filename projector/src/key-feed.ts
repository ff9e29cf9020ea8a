import { subjectFilters } from '@zameni/contracts';
import {
  batchesOrIdle,
  createBackoff,
  type EventLog,
  type Logger,
  type LogRecord,
} from '@zameni/runtime';

/** The keys of the log as they come by, beside its events. */
export type KeyFeed = AsyncDisposable & {
  /**
   * Has keys taken until the one in question is there or all in front of a position have come by,
   * unless that lasts too long; it never throws.
   */
  readonly readUpTo: (position: number, isThere: () => boolean) => Promise<void>;
};

/** Where keys are read, who takes them, and who hears of it when they cannot be read. */
export type KeyFeedDeps = {
  readonly log: Pick<EventLog, 'readBatches'>;
  readonly take: (record: LogRecord) => void;
  readonly logger: Logger;
};

/** The position to begin behind, the end of it all, and how long to wait for keys. */
export type KeyFeedOptions = {
  readonly from: number;
  readonly signal: AbortSignal;
  readonly waitMs: number;
};

const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** Milliseconds in which nobody waits again after it was in vain. */
const BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * Permissions see the filter of a consumer only when it has one, so keys have a consumer of their own
 * and events wait for it. States: closed (nothing was asked for yet), open, given up (for a while).
 * Whoever asks does so in the order of the log, so after a wait in vain reading begins again behind
 * what was asked for. A key that was passed over costs a request and no more; to hold up the events
 * would be worse.
 */
export function createKeyFeed(
  { log, take, logger }: KeyFeedDeps,
  { from, signal, waitMs }: KeyFeedOptions,
): KeyFeed {
  const backoff = createBackoff(BACKOFF);
  let reader: AsyncGenerator<readonly LogRecord[] | undefined> | undefined;
  let readTo = from;
  let resumeAtMs = 0;
  let closed: Promise<unknown> = Promise.resolve();

  async function readWhile(isMissing: () => boolean): Promise<void> {
    const giveUpAtMs = performance.now() + waitMs;
    const options = {
      filters: [subjectFilters.keys],
      after: readTo,
      maxRecords: MAX_RECORDS,
      maxBytes: MAX_BYTES,
    };
    reader ??= batchesOrIdle((end) => log.readBatches(options, end), waitMs, signal);
    while (isMissing() && performance.now() < giveUpAtMs) {
      const { value: batch } = await reader.next();
      if (batch === undefined) return;
      for (const record of batch) take(record);
      readTo = batch.at(-1)?.position ?? readTo;
    }
  }

  /** Not awaited where events wait: whoever reads may be in a request that hangs. */
  function close(): void {
    closed = Promise.allSettled([closed, reader?.return(undefined)]);
    reader = undefined;
  }

  return {
    readUpTo: async (position, isThere) => {
      const isMissing = () => readTo < position && !isThere();
      if (!isMissing()) return;
      if (performance.now() >= resumeAtMs) {
        await readWhile(isMissing).catch((error: unknown) => {
          logger.warn({ error }, 'keys could not be read on, they are asked for one by one');
        });
        if (!isMissing()) return backoff.reset();
        resumeAtMs = performance.now() + backoff.nextMs();
        close();
      }
      readTo = position;
    },
    [Symbol.asyncDispose]: async () => {
      close();
      await closed;
    },
  };
}
