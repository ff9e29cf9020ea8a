import {
  decodeEvent,
  decodeText,
  parseUserId,
  type StoredEvent,
  type UserId,
} from '@zameni/contracts';
import type { EventLog, LogRecord } from '@zameni/runtime';
import type { AttemptInLog } from '../domain/attempt.ts';
import { readAttempt } from './attempt-reader.ts';

/** Bounds every wait of a test. */
export const signal = AbortSignal.timeout(600_000);

/** Parses an id. */
export function toUserId(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** Decodes the event of a record. */
export function toEvent(record: LogRecord): StoredEvent {
  return decodeEvent(decodeText(record.data));
}

/** Parses a record of an attempt. */
export function toAttempt(record: LogRecord): AttemptInLog {
  return readAttempt(record);
}

/** Reads every record of a log up to its head. */
export async function readAll(log: EventLog): Promise<readonly LogRecord[]> {
  const reading = new AbortController();
  const head = await log.head(signal);
  const records: LogRecord[] = [];
  if (head === 0) return records;
  const options = { filters: ['zameni.'], after: 0, maxRecords: 1_000, maxBytes: 1e9 };
  for await (const batch of log.readBatches(options, reading.signal)) {
    records.push(...batch);
    if ((batch.at(-1)?.position ?? 0) >= head) reading.abort();
  }
  return records;
}
