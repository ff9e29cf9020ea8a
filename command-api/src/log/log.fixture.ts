import {
  AttemptRecord,
  decodeEvent,
  parseUserId,
  type StoredEvent,
  type UserId,
} from '@zameni/contracts';
import type { EventLog, LogRecord } from '@zameni/runtime';
import { Value } from 'typebox/value';

/** Bounds every wait of a test. */
export const signal = AbortSignal.timeout(600_000);

/** The id in a text. */
export function toUserId(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** The event of a record. */
export function toEvent(record: LogRecord): StoredEvent {
  return decodeEvent(Buffer.from(record.data).toString('utf8'));
}

/** What a record of an attempt says, and where it lies. */
export function toAttempt({ data, position }: LogRecord) {
  const record = Value.Parse(AttemptRecord, JSON.parse(Buffer.from(data).toString('utf8')));
  return { record, position };
}

/** Every record of a log up to its head. */
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
