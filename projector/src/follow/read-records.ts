import { parseAttemptRecord, recordKind } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { ProjectedRecord } from '../read-models/record.ts';
import { idOf } from '../records/event-record.ts';
import { poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { readEvent } from './read-event.ts';

/** The parsed records of a batch, up to one that cannot be projected. */
export type ReadRecords = {
  readonly projected: readonly ProjectedRecord[];
  /** Position of the last parsed record of any kind. Undefined if there is none. */
  readonly to: number | undefined;
  readonly poison?: PoisonRecordError;
};

/** Parses records in log order, and keeps keys for the events after them. */
export async function readRecords(
  records: readonly LogRecord[],
  keys: PeopleKeys,
  signal: AbortSignal,
): Promise<ReadRecords> {
  const projected: ProjectedRecord[] = [];
  let to: number | undefined;
  for (const record of records) {
    try {
      projected.push(...(await readRecord(record, keys, signal)));
    } catch (error) {
      if (error instanceof PoisonRecordError) return { projected, to, poison: error };
      throw error;
    }
    to = record.position;
  }
  return { projected, to };
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
