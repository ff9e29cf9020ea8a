import { type DirectConnection, readLast, readLastFromReplica, readSubject } from './direct.ts';
import type { EventLog, LogRecord } from '../event-log.ts';
import { type Ask, createHedge } from './hedge.ts';

/** Reads one message from the leader: the last of a subject, or its first from a sequence on. */
export type ReadFromLeader = (query: MessageQuery) => Promise<LogRecord | undefined>;

/**
 * Requests a subject's last record, its first one at or after a sequence, or the record at one, from
 * the leader.
 */
export type MessageQuery =
  | { seq: number; next_by_subj: string }
  | { last_by_subj: string }
  | { seq: number };

/** Where to read. Without `fromLeader` the user may not ask the leader for records. */
export type HedgedReadsOptions = {
  readonly direct: DirectConnection;
  readonly fromLeader: ReadFromLeader | undefined;
};

/** Reads of any server, and the leader's ones that may be repeated alike. */
export type HedgedReads = Pick<EventLog, 'readLast' | 'readSubject' | 'readLastFromReplica'> & {
  /** Asks the leader again while its answer is late or an error. */
  readonly again: <T>(ask: Ask<T>, signal: AbortSignal) => Promise<T>;
};

/**
 * Milliseconds after which another server is asked. A direct get takes 0.5 ms, 24 ms at the first
 * touch of an old block.
 */
const HEDGE_AFTER_MS = 200;

/** Most additional requests at once in this process, of any server and of the leader each. */
const MAX_EXTRA = 64;

/**
 * Requests at most. One in three may go to a frozen server, all of them if our own connection ends
 * there, until it is given up. While servers elect who leads them all, each one fails at once.
 */
const TRIES = 9;

/** Most subjects that are read one by one from the leader, and most records of one subject. */
const MAX_FROM_LEADER = 64;

/**
 * Reads from any server, and from another one if the answer is late: each request goes to a random
 * server, and one of them may be frozen. The third request goes to the leader.
 */
export function createHedgedReads({ direct, fromLeader }: HedgedReadsOptions): HedgedReads {
  const bounds = {
    afterMs: HEDGE_AFTER_MS,
    deadlineMs: direct.deadlineMs,
    maxExtra: MAX_EXTRA,
  };
  const hedge = createHedge(bounds);
  const hedgeLeader = createHedge(bounds);

  function waysOf<T>(any: Ask<T>, leader: ((read: ReadFromLeader) => Ask<T>) | undefined) {
    const asks = Array<Ask<T>>(TRIES).fill(any);
    return fromLeader === undefined || leader === undefined
      ? asks
      : asks.with(2, leader(fromLeader));
  }

  return {
    again: (ask, signal) => hedgeLeader(waysOf(ask, undefined), signal),
    readLast: (subjects, signal) =>
      hedge(
        waysOf(
          (end) => readLast(direct, subjects, end),
          subjects.length > MAX_FROM_LEADER
            ? undefined
            : (read) => () => lastFromLeader(read, subjects),
        ),
        signal,
      ),
    readSubject: (subject, signal) =>
      hedge(
        waysOf(
          (end) => readSubject(direct, subject, end),
          (read) => (end) => subjectFromLeader(read, subject, end),
        ),
        signal,
      ),
    readLastFromReplica: (subject, signal) =>
      hedge(
        waysOf(
          (end) => readLastFromReplica(direct, subject, end),
          (read) => () => read({ last_by_subj: subject }),
        ),
        signal,
      ),
  };
}

async function lastFromLeader(
  read: ReadFromLeader,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, LogRecord>> {
  const records = await Promise.all(subjects.map((subject) => read({ last_by_subj: subject })));
  return new Map(
    records.flatMap((record) => (record === undefined ? [] : [[record.subject, record] as const])),
  );
}

async function subjectFromLeader(
  read: ReadFromLeader,
  subject: string,
  signal: AbortSignal,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  while (records.length < MAX_FROM_LEADER) {
    signal.throwIfAborted();
    const seq = (records.at(-1)?.position ?? 0) + 1;
    const next = await read({ seq, next_by_subj: subject });
    if (next === undefined) return records;
    records.push(next);
  }
  throw new RangeError(
    `a subject has more than ${MAX_FROM_LEADER} records, too many for the leader`,
  );
}
