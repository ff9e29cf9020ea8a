import { parseAttemptRecord, recordKind, UnreadableRecordError } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { Parking } from '../parking/changes.ts';
import type { ProjectedRecord } from '../read-models/record.ts';
import { isErasedEvent } from '../records/erased-event.ts';
import { idOf } from '../records/event-record.ts';
import { poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { readEvent } from './read-event.ts';

/** What reading records needs. */
export type ReadRecordsDeps = {
  readonly keys: PeopleKeys;
  /** The parked subjects. Takes what this batch changes of them. */
  readonly parking: Parking;
  /** Positions of records that operators decided to skip. */
  readonly discarded: ReadonlySet<number>;
  readonly signal: AbortSignal;
  /** Called for each record, because a batch of missing keys takes long. */
  readonly onStep: () => void;
};

/**
 * Parses records in log order, and keeps keys for the events after them. A record that cannot be
 * projected parks its subject; later records of the subject wait. An erasure is read also while its
 * account or attempt is parked, and ends that: nothing may wait for a key that is destroyed.
 */
export async function readRecords(
  records: readonly LogRecord[],
  { keys, parking, discarded, signal, onStep }: ReadRecordsDeps,
): Promise<readonly ProjectedRecord[]> {
  const projected: ProjectedRecord[] = [];
  for (const record of records) {
    onStep();
    // An erasure is never skipped.
    if (discarded.has(record.position) && !isErasure(record)) continue;
    const isParked = parking.isParked(record.subject);
    if (isParked && !isErasure(record)) {
      parking.wait(record);
      continue;
    }
    try {
      projected.push(...(await readRecord(record, keys, signal)));
      if (isParked) parking.unpark(record.subject);
    } catch (error) {
      if (!(error instanceof PoisonRecordError)) throw error;
      if (isParked) parking.wait(record);
      else parking.park(record, error.record.reason);
    }
  }
  return projected;
}

/** Whether a record is the erasure of its account or attempt. */
function isErasure(record: LogRecord): boolean {
  if (recordKind(record.subject) === 'attempt') {
    const content = parseAttemptRecord(record.data);
    return content?.state === 'closed' && content.by === 'erasure';
  }
  try {
    return isErasedEvent(record);
  } catch (error) {
    if (error instanceof UnreadableRecordError) return false;
    throw error;
  }
}

async function readRecord(
  record: LogRecord,
  keys: PeopleKeys,
  signal: AbortSignal,
): Promise<readonly ProjectedRecord[]> {
  const kind = recordKind(record.subject);
  switch (kind) {
    case 'account':
      return [{ kind: 'event', event: await readEvent(record, keys, signal) }];
    case 'attempt':
      return [readAttempt(record)];
    case 'key':
      keys.take(record);
      return [];
    case 'claim':
    case 'deletion':
    case 'mail-wish':
    case 'farewell':
      return [];
    case undefined:
      // A record of a later version. The worse failure is to skip it.
      throw poisonAt(record, 'undecodable');
    default:
      return kind satisfies never;
  }
}

function readAttempt(record: LogRecord): ProjectedRecord {
  const content = parseAttemptRecord(record.data);
  if (content === undefined) throw poisonAt(record, 'undecodable');
  const attempt = {
    attemptId: idOf(record),
    position: record.position,
    record: content,
    get traceparent() {
      return record.traceparent;
    },
  };
  return { kind: 'attempt', attempt };
}
