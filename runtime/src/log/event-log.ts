/** A message for the log. The guard applies to its own exact subject unless `guard` is set. */
export type LogMessage = {
  readonly subject: string;
  readonly data: string;
  /** The position of the last message on the guarded subject, or 0 if there must be none. */
  readonly expectedPosition: number;
  /**
   * A filter to guard on instead, such as `zameni.*.<id>`. It does not see messages in flight that
   * are guarded on their own subject (three servers, measured). So only the first writer of an id
   * may use it.
   */
  readonly guard?: string;
  /** Seconds after which the message expires. Without it, the message stays forever. */
  readonly ttlSeconds?: number;
  /** W3C trace context of the request that caused the message. */
  readonly traceparent?: string;
};

/** A message as the log stores it. */
export type LogRecord = {
  readonly subject: string;
  /** Position in one total order over all subjects, counted from 1. */
  readonly position: number;
  readonly data: Uint8Array;
  readonly traceparent: string | undefined;
};

/** A record, and when the log took it. */
export type TimedRecord = LogRecord & {
  /**
   * Nanoseconds since 1970, as the leader has set them. They stay with the record for ever, so two
   * histories of a log differ in them.
   */
  readonly time: string;
};

/**
 * Result of an append:
 *
 * - `appended`: the log has all messages, the last at `lastPosition`, the others right before it.
 * - `conflict`: a guard did not hold, nothing was appended.
 * - `busy`: a concurrent write is in flight and may still fail, nothing was appended.
 * - `rejected`: the log refuses these messages (one is too large), nothing was appended.
 * - `full`: the log takes no messages from anybody until an operator makes room.
 * - `distrusted`: the copy that leads is damaged or not audited yet, nothing was sent.
 * - `unknown`: the log cannot be reached, or its answer was lost.
 *
 * After `full` and `unknown` the messages may have been appended. To find out, send the identical
 * messages again or read back.
 */
export type AppendOutcome =
  | { readonly status: 'appended'; readonly lastPosition: number }
  | { readonly status: 'conflict' }
  | { readonly status: 'busy' }
  | { readonly status: 'rejected'; readonly cause: unknown }
  | { readonly status: 'full'; readonly cause: unknown }
  | { readonly status: 'distrusted'; readonly cause: unknown }
  | { readonly status: 'unknown'; readonly cause: unknown };

/** Subject filters, the position to start after, and bounds of a batch. */
export type ReadOptions = {
  readonly filters: readonly string[];
  readonly after: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
};

/** Most messages in one atomic append; JetStream takes 1,000 (NATS ADR-50). */
export const MAX_APPEND_MESSAGES = 1_000;

/** Most records of one subject that are read at once. Zameni writes no account larger than that. */
export const MAX_SUBJECT_RECORDS = 10_000;

/** Numbers of records by subject, and a position that the server that counted had reached. */
export type RecordCounts = {
  readonly head: number;
  readonly bySubject: ReadonlyMap<string, number>;
};

/** The event log as the services see it. Adapters: JetStream, and memory for tests. */
export type EventLog = {
  /** Appends all messages or none, at consecutive positions. One message alone needs no batch. */
  readonly append: (messages: readonly LogMessage[], signal: AbortSignal) => Promise<AppendOutcome>;
  /**
   * Reads the last record of each subject that has one, from any replica. May be slightly stale.
   */
  readonly readLast: (
    subjects: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, LogRecord>>;
  /**
   * Reads all records of one subject, oldest first, from any replica. The newest may be missing.
   * Throws if there are more than MAX_SUBJECT_RECORDS.
   */
  readonly readSubject: (subject: string, signal: AbortSignal) => Promise<readonly LogRecord[]>;
  /**
   * Reads the first record of a subject or filter after a position (default 0), from the leader.
   */
  readonly readFirst: (
    subject: string,
    signal: AbortSignal,
    after?: number,
  ) => Promise<LogRecord | undefined>;
  /** Reads the last record of a subject from the leader. */
  readonly readLastFromLeader: (
    subject: string,
    signal: AbortSignal,
  ) => Promise<LogRecord | undefined>;
  /**
   * Reads the last record of a subject from any replica. May be slightly stale. The request's
   * subject names the record's subject, so that permissions can limit a user to some subjects.
   */
  readonly readLastFromReplica: (
    subject: string,
    signal: AbortSignal,
  ) => Promise<LogRecord | undefined>;
  /** Returns whether a subject has a record, from the leader. Needs no right to read it. */
  readonly hasRecord: (subject: string, signal: AbortSignal) => Promise<boolean>;
  /**
   * Counts the records of each subject that a filter matches, and names a position that the server
   * that counted had reached before. So the answer can be judged by itself, even if a former leader
   * gave it. Needs no right to read the records.
   */
  readonly countRecords: (filter: string, signal: AbortSignal) => Promise<RecordCounts>;
  /**
   * Yields records after a position in order, then new ones as they arrive. Each batch holds the
   * records that are available. Ends when the signal aborts. Throws if the log cannot be read
   * further; the reader must then start again from its checkpoint.
   */
  readonly readBatches: (
    options: ReadOptions,
    signal: AbortSignal,
  ) => AsyncIterable<readonly TimedRecord[]>;
  /** Bytes in the log and its bound. Undefined if it has no bound. */
  readonly room: (
    signal: AbortSignal,
  ) => Promise<{ readonly bytes: number; readonly maxBytes: number } | undefined>;
  /** The position of the last record of the log. */
  readonly head: (signal: AbortSignal) => Promise<number>;
  /** Reads the record at a position from the leader. Undefined if it is deleted or expired. */
  readonly readAt: (position: number, signal: AbortSignal) => Promise<TimedRecord | undefined>;
  /** The incarnation of the log, see `incarnation.ts`. Undefined if it has none. */
  readonly incarnation: (signal: AbortSignal) => Promise<number | undefined>;
};
