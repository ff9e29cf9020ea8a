import { AttemptRecord, recordKind } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { ProjectedRecord } from '../read-models/projected-record.ts';
import { idOf } from '../records/event-record.ts';
import { createRecordParser } from '../records/parse-record.ts';
import { poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { readEvent } from './read-event.ts';

/** What the records of a batch say, up to one that cannot be projected. */
export type ReadRecords = {
  readonly projected: readonly ProjectedRecord[];
  /** The position of the last record that was read, of any kind; undefined when none was. */
  readonly to: number | undefined;
  readonly poison?: PoisonRecordError;
};

const parseAttempt = createRecordParser(AttemptRecord);

/** Reads records in the order of the log; keys are kept for the events behind them. */
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
      // Of a later version: to pass it over would be the worse failure.
      throw poisonAt(record, 'undecodable');
    default:
      return kind satisfies never;
  }
}

function readAttempt(record: LogRecord): ProjectedRecord {
  const content = parseAttempt(record);
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
