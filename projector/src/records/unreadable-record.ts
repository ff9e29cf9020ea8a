import type { LogRecord } from '@zameni/runtime';

/** A record of the log that cannot be read, so that nobody knows what it asks for. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';

  constructor({ position }: Pick<LogRecord, 'position'>) {
    // Nothing of the record is quoted: it may hold personal data.
    super(`the record at position ${position} cannot be read`);
  }
}
