import {
  createBackoff,
  delay,
  type EventLog,
  isAbsent,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';

/** What replacing records needs. The NATS user `eraser` writes to and deletes from the log. */
export type ReplaceDeps = {
  readonly log: Pick<EventLog, 'append' | 'countRecords' | 'readLastFromLeader'>;
  readonly deletion: SecureDeletion;
};

/**
 * What to do with the last record of a subject: nothing; delete the records up to a position;
 * replace the record; or read once more, because a former leader answered. With `ifFull` a log
 * without room does not count as a failed try: the record is deleted and `ifFull` returned.
 */
export type Replacement<Result> =
  | { readonly action: 'keep'; readonly result: Result }
  | { readonly action: 'delete'; readonly upTo: number; readonly result: Result }
  | {
      readonly action: 'replace';
      readonly record: object;
      readonly ttlSeconds?: number;
      readonly result: Result;
      readonly ifFull?: Result;
    }
  | { readonly action: 'read-again' };

/** The subject, and how its last record is replaced. */
export type ReplaceOptions<Result> = {
  readonly subject: string;
  /** A leader that answers "absent" must know the log up to this position to be believed. */
  readonly known: number;
  /** Result if the subject has no record. */
  readonly ifAbsent: Result;
  readonly decide: (last: LogRecord) => Replacement<Result>;
};

/** The log gave an answer that leaves it unknown whether the record is replaced. */
class ReplaceError extends Error {
  override readonly name = 'ReplaceError';
}

/** Tries for one record. Other writers can make a try fail; so many failures count as a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Replaces the last record of a subject. It appends the new record first, guarded on the last one
 * as the leader has it, and then deletes the older ones. If it stops in between, the next run finds
 * the new record and only deletes.
 */
export async function replaceLast<Result>(
  { log, deletion }: ReplaceDeps,
  { subject, known, ifAbsent, decide }: ReplaceOptions<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const backoff = createBackoff(BACKOFF);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await delay(backoff.nextMs(), signal);
    const last = await log.readLastFromLeader(subject, signal);
    if (last === undefined) {
      if (await isAbsent(log, { subject, known }, signal)) return ifAbsent;
      continue;
    }
    const next = decide(last);
    if (next.action === 'read-again') continue;
    if (next.action === 'keep') return next.result;
    if (next.action === 'delete') {
      await deletion.deleteUpTo(subject, next.upTo, signal);
      return next.result;
    }
    const { record, ttlSeconds } = next;
    const message = {
      subject,
      data: JSON.stringify(record),
      expectedPosition: last.position,
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    };
    const outcome = await log.append([message], signal);
    const isDeletable = outcome.status === 'full' && next.ifFull !== undefined;
    if (outcome.status === 'appended' || isDeletable) {
      await deletion.deleteUpTo(subject, last.position, signal);
      return outcome.status === 'appended' ? next.result : (next.ifFull ?? next.result);
    }
    if (outcome.status === 'rejected') {
      throw new ReplaceError('the log refuses', { cause: outcome.cause });
    }
    // For every other outcome the next try reads the result from the log.
  }
  throw new ReplaceError('a record is written to again and again');
}
