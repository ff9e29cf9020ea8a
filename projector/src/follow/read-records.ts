import {
  parseAttemptRecord,
  parseNewerState,
  recordKind,
  UnreadableRecordError,
} from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { Parking } from '../parking/changes.ts';
import type { ReadWaiting } from '../parking/waiting.ts';
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
  readonly readWaiting: ReadWaiting;
  readonly signal: AbortSignal;
  /** Called for each record, because a batch of missing keys takes long. */
  readonly onStep: () => void;
};

/**
 * Parses records in log order, and keeps keys for the events after them. A record that cannot be
 * projected parks its subject; later records of the subject wait. An erasure is read also while its
 * account or attempt is parked, and ends that: nothing may wait for a key that is destroyed. What
 * waited for an account is then read without its personal data, as every later replay reads it. So
 * a rebuild gives the same counts.
 */
export async function readRecords(
  records: readonly LogRecord[],
  { keys, parking, discarded, readWaiting, signal, onStep }: ReadRecordsDeps,
): Promise<readonly ProjectedRecord[]> {
  const projected: ProjectedRecord[] = [];
  await keys.load(records, signal);
  for (const record of records) {
    onStep();
    // An erasure is never skipped.
    if (discarded.has(record.position) && !isErasure(record)) continue;
    const parkedAt = parking.parkedAt(record.subject);
    if (parkedAt !== undefined && !isErasure(record)) {
      parking.wait(record);
      continue;
    }
    try {
      const read = await readRecord(record, keys, signal);
      if (parkedAt !== undefined && recordKind(record.subject) === 'account') {
        const { subject, position } = record;
        const waiting = await readWaiting({ subject, from: parkedAt, before: position }, signal);
        for (const each of waiting) projected.push(...(await readErased(each, signal)));
      }
      projected.push(...read);
      if (parkedAt !== undefined) parking.unpark(record.subject);
    } catch (error) {
      if (!(error instanceof PoisonRecordError)) throw error;
      if (parkedAt !== undefined) parking.wait(record);
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

const NO_KEYS: Pick<PeopleKeys, 'find' | 'evict'> = {
  find: async () => 'erased',
  evict: () => undefined,
};

/** Reads an event of an erased person as a fact. One that has no readable form is nothing. */
async function readErased(
  record: LogRecord,
  signal: AbortSignal,
): Promise<readonly ProjectedRecord[]> {
  try {
    return [{ kind: 'event', event: await readEvent(record, NO_KEYS, signal) }];
  } catch (error) {
    if (error instanceof PoisonRecordError) return [];
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
      throw poisonAt(record, 'newer');
    default:
      return kind satisfies never;
  }
}

function readAttempt(record: LogRecord): ProjectedRecord {
  const content = parseAttemptRecord(record.data);
  if (content === undefined) {
    throw poisonAt(record, parseNewerState(record.data) === undefined ? 'undecodable' : 'newer');
  }
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
