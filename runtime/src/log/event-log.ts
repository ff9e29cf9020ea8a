/** A message for the log, guarded on its own exact subject unless `guard` says otherwise. */
export type LogMessage = {
  readonly subject: string;
  readonly data: string;
  /** The position of the last message on the guarded subject; 0 when there must be none. */
  readonly expectedPosition: number;
  /**
   * A filter to guard on instead, such as `zameni.*.<id>`. It does not see messages in flight that are
   * guarded on their own subject (three servers, measured), so only who comes first may use it.
   */
  readonly guard?: string;
  /** Seconds after which the message expires; without it, it stays for ever. */
  readonly ttlSeconds?: number;
  /** W3C trace context of the request that caused it. */
  readonly traceparent?: string;
};

/** A message as it lies in the log. */
export type LogRecord = {
  readonly subject: string;
  /** Its place in the log: one total order over all subjects, counted from 1. */
  readonly position: number;
  readonly data: Uint8Array;
  readonly traceparent: string | undefined;
};

/**
 * How an append ended. `appended`: all messages lie in the log, the last at `lastPosition`, the
 * others right before it. `conflict`: a guard did not hold, nothing was appended. `busy`: a rival
 * write is in flight and may still fail, nothing was appended. `rejected`: the log refuses these
 * messages (one is too large), nothing was appended. `full`: the log takes no more from anybody until
 * somebody makes room. `unknown`: the log cannot be reached, or its answer was lost. After the last two
 * the messages may or may not have been appended; only sending the identical ones again, or reading
 * back, tells.
 */
export type AppendOutcome =
  | { readonly status: 'appended'; readonly lastPosition: number }
  | { readonly status: 'conflict' }
  | { readonly status: 'busy' }
  | { readonly status: 'rejected'; readonly cause: unknown }
  | { readonly status: 'full'; readonly cause: unknown }
  | { readonly status: 'unknown'; readonly cause: unknown };

/** Which records to read: subject filters, the position to start after, and bounds of a batch. */
export type ReadOptions = {
  readonly filters: readonly string[];
  readonly after: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
};

/** Most messages in one atomic append; JetStream takes 1,000 (ADR-50). */
export const MAX_APPEND_MESSAGES = 1_000;

/** Most records of one subject that are read at once: an account beyond that is not of our making. */
export const MAX_SUBJECT_RECORDS = 10_000;

/** The event log as the services see it. Two adapters: JetStream, and memory for tests. */
export type EventLog = {
  /** Appends all messages or none; they get consecutive positions. One alone is no batch: cheaper. */
  readonly append: (messages: readonly LogMessage[], signal: AbortSignal) => Promise<AppendOutcome>;
  /** The last record of each subject that has one, from any replica: may be a moment old. */
  readonly readLast: (
    subjects: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, LogRecord>>;
  /**
   * All records of one subject, oldest first, from any replica: the newest may be missing yet.
   * Throws when there are more than MAX_SUBJECT_RECORDS.
   */
  readonly readSubject: (subject: string, signal: AbortSignal) => Promise<readonly LogRecord[]>;
  /** The first record of a subject or filter behind a position (0 when left out), from the leader. */
  readonly readFirst: (
    subject: string,
    signal: AbortSignal,
    after?: number,
  ) => Promise<LogRecord | undefined>;
  /** The last record of a subject, from the leader. */
  readonly readLastFromLeader: (
    subject: string,
    signal: AbortSignal,
  ) => Promise<LogRecord | undefined>;
  /**
   * The last record of a subject, from any replica: may be a moment old. The request names the
   * subject where permissions see it, for who may read some subjects only.
   */
  readonly readLastFromReplica: (
    subject: string,
    signal: AbortSignal,
  ) => Promise<LogRecord | undefined>;
  /** Whether a subject has a record, from the leader, for who may not read what is in it. */
  readonly hasRecord: (subject: string, signal: AbortSignal) => Promise<boolean>;
  /**
   * Records after a position in order, then new ones as they come; each batch holds what is there.
   * Ends when the signal aborts; throws when the log cannot be read on: start again from your
   * checkpoint.
   */
  readonly readBatches: (
    options: ReadOptions,
    signal: AbortSignal,
  ) => AsyncIterable<readonly LogRecord[]>;
  /** How much of its bound the log holds, in bytes; undefined while it has no bound. */
  readonly room: (
    signal: AbortSignal,
  ) => Promise<{ readonly bytes: number; readonly maxBytes: number } | undefined>;
  /** The position of the last record of the log. */
  readonly head: (signal: AbortSignal) => Promise<number>;
};
